/** A listener's or an event listener's place. `using registration = …` ends it with the block. */
export class Registration implements Disposable {
  #end: (() => void) | undefined;

  /** @internal */
  constructor(end: () => void) {
    this.#end = end;
  }

  /** Ends it at once: a message that waits is not delivered here any more. Harmless when repeated. */
  unregister(): void {
    const end = this.#end;
    this.#end = undefined;
    end?.();
  }

  [Symbol.dispose](): void {
    this.unregister();
  }
}
