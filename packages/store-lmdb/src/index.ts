export { lmdbStore } from "./lmdb-store.ts";
export type { LmdbStore } from "./lmdb-store.ts";
export type { LmdbStoreOptions } from "./lmdb-store-options.ts";
export { jsonCodec } from "./json-codec.ts";
