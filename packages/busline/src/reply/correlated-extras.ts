import type { Headers } from "../message/headers.ts";
import type { MessageExtras } from "../message/message-extras.ts";
import type { PendingReply } from "./pending-reply.ts";

/** The extras of a request, or of its answer. The id that joins them is made when somebody asks for it. */
export class CorrelatedExtras implements MessageExtras {
  readonly headers: Headers;
  readonly key: string | undefined;
  readonly responseDestinationName: string | undefined;
  readonly request: PendingReply | undefined;
  readonly answers: PendingReply | undefined;

  private constructor(
    extras: MessageExtras,
    responseDestinationName: string | undefined,
    request: PendingReply | undefined,
    answers: PendingReply | undefined,
  ) {
    this.headers = extras.headers;
    this.key = extras.key;
    this.responseDestinationName = responseDestinationName;
    this.request = request;
    this.answers = answers;
  }

  static ofRequest(
    extras: MessageExtras,
    request: PendingReply,
    responseDestinationName: string,
  ): CorrelatedExtras {
    return new CorrelatedExtras(extras, responseDestinationName, request, undefined);
  }

  static ofAnswer(extras: MessageExtras, request: PendingReply): CorrelatedExtras {
    return new CorrelatedExtras(extras, undefined, undefined, request);
  }

  get responseId(): string | undefined {
    return (this.request ?? this.answers)?.id;
  }
}
