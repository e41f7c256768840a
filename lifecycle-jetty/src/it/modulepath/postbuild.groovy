// What the consumer prints when it is told to stop, and its status.
def java = System.getProperty("java.home") + "/bin/java"
def separator = File.pathSeparator
def path = new File(basedir, "target/classes").path + separator + new File(basedir, "target/path").text.trim()
def shop = new ProcessBuilder(java, "--module-path", path, "--module", "shop/shop.Shop").redirectErrorStream(true).start()
def lines = shop.inputReader()
def said = []
for (def line = lines.readLine(); line != null; line = lines.readLine()) {
    said << line
    if (line == "set up") shop.toHandle().destroy() // a Process would close the pipe, too
}
assert shop.waitFor() == 0: said
assert "bye: SIGTERM" in said: said
