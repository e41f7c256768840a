package shop;

import io.lifecycle4j.App;

class Shop {
    public static void main(String[] arguments) {
        App.run("shop", app -> {
            app.onShutdown("say", context -> System.out.println("bye: " + context.reason()));
            System.out.println("set up");
        });
    }
}
