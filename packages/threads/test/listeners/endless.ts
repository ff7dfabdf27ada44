// Never loaded: it waits for what never comes.
await new Promise(() => {});

export default function never(): void {}
