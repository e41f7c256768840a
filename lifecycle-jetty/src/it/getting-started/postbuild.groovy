// The guide's program, as the guide runs it: TERM while somebody waits for /slow.
def free = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())
def port = free.localPort
free.close()
def java = System.getProperty("java.home") + "/bin/java"
def path = new File(basedir, "target/classes").path + File.pathSeparator + new File(basedir, "target/path").text.trim()
def hello = new ProcessBuilder(java, "-cp", path, "Hello", "$port").redirectErrorStream(true).start()
def lines = hello.inputReader()
def said = []
def slow = null
for (def line = lines.readLine(); line != null; line = lines.readLine()) {
    said << line
    if (line.contains("is running")) {
        slow = java.util.concurrent.CompletableFuture.supplyAsync { new URL("http://127.0.0.1:$port/slow").text }
    }
    if (line == "a slow request begins") hello.toHandle().destroy() // a Process would close the pipe, too
}
assert hello.waitFor() == 0: said
assert slow.get() == "hello\n": said
def log = said.join("\n")
for (part in ["shutting down: SIGTERM", "in flight: 1 at 'business'", "goodbye", "CLEAN"]) assert log.contains(part): log
assert said.size() < 20: log // Jetty's own lines are not shown
