import {
  type CloseReport,
  type Destination,
  DestinationConfiguration,
  DestinationNames,
  type Message,
  MessageBus,
  type MessageStatus,
  type Registration,
} from "busline";
import { Recorder, SteppedBus } from "busline/testing";
import { describe, expectTypeOf, test } from "vitest";

interface Order {
  readonly id: string;
  readonly total: number;
}
interface Receipt {
  readonly number: number;
}
interface Contracts {
  "acme/orders": { payload: Order; reply: Receipt };
  "acme/notes": { payload: string };
}

declare const bus: MessageBus<Contracts>;
declare const untyped: MessageBus;
const order: Order = { id: "1", total: 2 };
const parallel = DestinationConfiguration.createParallelDestinationConfiguration;

describe("types - a typed bus", () => {
  test("types - send narrows by name", () => {
    expectTypeOf(bus.send("acme/orders", order)).toEqualTypeOf<void | Promise<void>>();
    expectTypeOf(
      bus.send("acme/notes", "note", { key: "k" }),
    ).toEqualTypeOf<void | Promise<void>>();
    expectTypeOf(bus.send<"acme/orders">)
      .parameter(1)
      .toEqualTypeOf<Order>();
    // @ts-expect-error a wrong payload
    void bus.send("acme/orders", "no order");
    // @ts-expect-error a payload with a part missing
    void bus.send("acme/orders", { id: "1" });
    // @ts-expect-error an unknown name
    void bus.send("acme/none", order);
    // @ts-expect-error an unknown option
    void bus.send("acme/notes", "note", { prioritee: 1 });
  });

  test("types - request narrows payload and reply by name", () => {
    expectTypeOf(bus.request("acme/orders", order)).toEqualTypeOf<Promise<Receipt>>();
    expectTypeOf(bus.request("acme/notes", "note")).toEqualTypeOf<Promise<unknown>>();
    expectTypeOf(
      bus.request("acme/orders", order, { mode: "direct", timeoutMs: 5 }),
    ).resolves.toEqualTypeOf<Receipt>();
    // @ts-expect-error a wrong payload
    void bus.request("acme/orders", 5);
    // @ts-expect-error an unknown mode
    void bus.request("acme/orders", order, { mode: "fast" });
    // @ts-expect-error an unknown name
    void bus.request("acme/none", 5);
  });

  test("types - listen narrows message and reply by name", () => {
    const registration = bus.listen("acme/orders", (message, context) => {
      expectTypeOf(message).toEqualTypeOf<Message<Order>>();
      expectTypeOf(message.payload.total).toEqualTypeOf<number>();
      expectTypeOf(context.signal).toEqualTypeOf<AbortSignal>();
      expectTypeOf(context.reply).parameter(0).toEqualTypeOf<Receipt>();
      return { number: 1 };
    });
    expectTypeOf(registration).toEqualTypeOf<Registration>();
    bus.listen("acme/orders", async () => ({ number: 1 }));
    bus.listen("acme/orders", () => {});
    bus.listen("acme/orders", async () => {});
    bus.listen("acme/orders", { receive: ({ payload }) => ({ number: payload.total }) });
    bus.listen("acme/orders", new Recorder<Order>());
    // @ts-expect-error a wrong reply
    bus.listen("acme/orders", () => "no receipt");
    // @ts-expect-error a wrong reply, promised
    bus.listen("acme/orders", async () => "no receipt");
    // @ts-expect-error a listener for another payload
    bus.listen("acme/orders", (message: Message<string>) => void message);
    // @ts-expect-error an unknown name
    bus.listen("acme/none", () => {});
    // @ts-expect-error no listener
    bus.listen("acme/orders", {});
  });

  test("types - addDestination, replaceDestination and getDestination narrow by name", () => {
    expectTypeOf(bus.addDestination(parallel("acme/orders"))).toEqualTypeOf<
      Destination<Order, Receipt>
    >();
    expectTypeOf(bus.replaceDestination(parallel("acme/orders"))).toEqualTypeOf<
      Destination<Order, Receipt>
    >();
    expectTypeOf(bus.getDestination("acme/orders")).toEqualTypeOf<
      Destination<Order, Receipt> | undefined
    >();
    expectTypeOf(bus.getDestination("acme/notes")).toEqualTypeOf<Destination<string> | undefined>();
    // @ts-expect-error an unknown name
    bus.getDestination("acme/none");
    // @ts-expect-error an unknown name
    bus.replaceDestination(parallel("acme/none"));
    // @ts-expect-error an unknown name
    void bus.removeDestination("acme/none");
    expectTypeOf(bus.removeDestination("acme/notes")).toEqualTypeOf<Promise<CloseReport>>();
  });

  test("types - addDestination refuses a name that the contracts do not have", () => {
    expectTypeOf(bus.addDestination(parallel("acme/orders")).name).toEqualTypeOf<string>();
    // @ts-expect-error an unknown name
    bus.addDestination(parallel("acme/none"));
  });

  test("types - preconfigured destinations stay usable", () => {
    expectTypeOf(
      bus.send(DestinationNames.HOT_DEPLOY, { any: "thing" }),
    ).toEqualTypeOf<void | Promise<void>>();
    void bus.send("liferay/hot_deploy", 5);
    bus.listen(DestinationNames.MESSAGE_BUS_MESSAGE_STATUS, ({ payload }) => {
      expectTypeOf(payload).toEqualTypeOf<MessageStatus>();
    });
    expectTypeOf(bus.getDestination(DestinationNames.HOT_DEPLOY)).toEqualTypeOf<
      Destination | undefined
    >();
    expectTypeOf(DestinationNames.HOT_DEPLOY).toEqualTypeOf<"liferay/hot_deploy">();
    // @ts-expect-error not what is reported there
    void bus.send(DestinationNames.MESSAGE_BUS_MESSAGE_STATUS, "no status");
  });

  test("types - names that are asked about may be any", () => {
    expectTypeOf(bus.hasDestination("acme/none")).toEqualTypeOf<boolean>();
    expectTypeOf(bus.hasListener("acme/none")).toEqualTypeOf<boolean>();
    expectTypeOf(bus.destinationNames).toEqualTypeOf<readonly string[]>();
    expectTypeOf(bus.destinations).toEqualTypeOf<readonly Destination[]>();
  });

  test("types - contracts without a payload are refused", () => {
    // @ts-expect-error a contract has a payload
    expectTypeOf<MessageBus<{ "acme/orders": { reply: Receipt } }>>();
    // @ts-expect-error a contract is an object
    expectTypeOf<MessageBus<{ "acme/orders": Order["id"] }>>();
    expectTypeOf(new MessageBus<Contracts>({ closeDeadlineMs: 5 })).toEqualTypeOf<
      MessageBus<Contracts>
    >();
    expectTypeOf(new SteppedBus<Contracts>()).toExtend<MessageBus<Contracts>>();
  });
});

describe("types - an untyped bus", () => {
  test("types - takes any name and any payload", () => {
    const name = "acme/any" as string;
    expectTypeOf(untyped.send(name, order)).toEqualTypeOf<void | Promise<void>>();
    void untyped.send("acme/any", 5);
    void untyped.send(DestinationNames.HOT_DEPLOY, 5);
    expectTypeOf(untyped.request("acme/any", order)).toEqualTypeOf<Promise<unknown>>();
    untyped.listen(name, (message) => {
      expectTypeOf(message.payload).toEqualTypeOf<unknown>();
      return 5;
    });
    expectTypeOf(untyped.getDestination(name)).toEqualTypeOf<Destination | undefined>();
    expectTypeOf(untyped.addDestination(parallel("acme/any"))).toEqualTypeOf<Destination>();
    expectTypeOf(untyped.replaceDestination(parallel(name))).toEqualTypeOf<Destination>();
    // @ts-expect-error a name is a text
    void untyped.send(5, order);
  });
});

describe("types - a handle", () => {
  const handle = untyped.addDestination<Order, Receipt>(parallel("acme/orders"));

  test("types - addDestination<Payload, Reply> types the handle", () => {
    expectTypeOf(handle).toEqualTypeOf<Destination<Order, Receipt>>();
    expectTypeOf(handle.send(order)).toEqualTypeOf<void | Promise<void>>();
    expectTypeOf(handle.request(order, { timeoutMs: 5 })).toEqualTypeOf<Promise<Receipt>>();
    handle.listen(({ payload }) => ({ number: payload.total }));
    handle.listen(async (message, context) => {
      expectTypeOf(message.payload).toEqualTypeOf<Order>();
      context.reply({ number: 1 });
      // @ts-expect-error a wrong reply
      context.reply("no receipt");
    });
    // @ts-expect-error a wrong payload
    void handle.send("no order");
    // @ts-expect-error a wrong payload
    void handle.request(5);
    // @ts-expect-error a wrong reply
    handle.listen(() => "no receipt");
    expectTypeOf(untyped.addDestination<Order>(parallel("acme/notes"))).toEqualTypeOf<
      Destination<Order>
    >();
  });

  test("types - nothing of it can be assigned", () => {
    expectTypeOf(handle).toExtend<Readonly<typeof handle>>();
    // @ts-expect-error read-only
    handle.name = "acme/other";
    // @ts-expect-error read-only
    handle.statistics.sentMessageCount = 0;
    // @ts-expect-error read-only
    handle.configuration.maximumQueueSize = 1;
    handle.listen((message) => {
      // @ts-expect-error read-only
      message.payload = order;
      // @ts-expect-error read-only
      message.headers["a"] = "b";
    });
  });
});

describe("types - a configuration", () => {
  test("types - keeps its name as a type", () => {
    expectTypeOf(parallel("acme/a")).toEqualTypeOf<DestinationConfiguration<"acme/a">>();
    expectTypeOf(new DestinationConfiguration("acme/own", "acme/a")).toEqualTypeOf<
      DestinationConfiguration<"acme/a">
    >();
    expectTypeOf(parallel("acme/a").workersCoreSize).toEqualTypeOf<number | undefined>();
  });

  test("types - synchronous takes no attributes of queues and workers", () => {
    const synchronous = DestinationConfiguration.createSynchronousDestinationConfiguration;
    expectTypeOf(synchronous("acme/a", {})).toEqualTypeOf<DestinationConfiguration<"acme/a">>();
    // @ts-expect-error there is no queue
    synchronous("acme/a", { maximumQueueSize: 5 });
    // @ts-expect-error there is no worker
    synchronous("acme/a", { workersMaxSize: 5 });
    // @ts-expect-error an unknown attribute
    parallel("acme/a", { maxQueueSize: 5 });
  });
});
