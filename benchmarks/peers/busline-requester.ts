import { DestinationConfiguration, MessageBus, type RequestOptions } from "busline";
import type { Requester, RequesterOptions } from "./requester.ts";

/** Through queue and workers, with the timeout of 10 s that a request has by default. */
export function createParallelRequester(options: RequesterOptions): Requester {
  return createRequester(
    DestinationConfiguration.createParallelDestinationConfiguration("acme/answers"),
    options,
  );
}

export function createSerialRequester(options: RequesterOptions): Requester {
  return createRequester(
    DestinationConfiguration.createSerialDestinationConfiguration("acme/answers"),
    options,
  );
}

/** Passes queue and workers by, in the sender's turn. */
export function createDirectRequester(options: RequesterOptions): Requester {
  return createRequester(
    DestinationConfiguration.createParallelDestinationConfiguration("acme/answers"),
    options,
    { mode: "direct" },
  );
}

export function createSynchronousRequester(options: RequesterOptions): Requester {
  return createRequester(
    DestinationConfiguration.createSynchronousDestinationConfiguration("acme/answers"),
    options,
  );
}

function createRequester(
  configuration: DestinationConfiguration,
  { answer }: RequesterOptions,
  requestOptions?: RequestOptions,
): Requester {
  const bus = new MessageBus();
  const destination = bus.addDestination<number, number>(configuration);
  destination.listen(answer.forMessage);
  return {
    request: (payload) => destination.request(payload, requestOptions),
    close: async () => {
      await bus.close();
    },
  };
}
