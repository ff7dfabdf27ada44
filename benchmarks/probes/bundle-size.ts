import { brotliCompressSync, gzipSync } from "node:zlib";
import { build, type Plugin } from "esbuild";

/** What a bundler and a compressor leave of a package. */
export interface BundleSize {
  readonly minified: number;
  readonly gzip: number;
  readonly brotli: number;
  /** How many files of the package, and of what it needs, are in it. */
  readonly fileCount: number;
}

/** Installed for the benchmark of something else. */
const ofOthers: ReadonlySet<string> = new Set(["ioredis"]);

/** Leaves out what a program need not have: a peer imports it only where it is installed. */
const leaveOutMissing: Plugin = {
  name: "leave-out-missing",
  setup: ({ onResolve, resolve }) => {
    onResolve({ filter: /^[^./]/ }, async ({ path, pluginData, ...options }) => {
      if (pluginData === leaveOutMissing) return undefined;
      if (ofOthers.has(path)) return { path, external: true };
      const resolved = await resolve(path, { ...options, pluginData: leaveOutMissing });
      return resolved.errors.length === 0 ? resolved : { path, external: true };
    });
  },
};

/** Bundles everything that a module exports, with what it imports but without Node.js's own modules. */
export async function bundleSize(module: string): Promise<BundleSize> {
  const { outputFiles, metafile } = await build({
    stdin: {
      contents: `import * as all from "${module}"; export { all };`,
      resolveDir: import.meta.dirname,
    },
    bundle: true,
    minify: true,
    format: "esm",
    platform: "node",
    target: "node20",
    plugins: [leaveOutMissing],
    metafile: true,
    write: false,
    logLevel: "error",
  });
  const [output] = outputFiles;
  if (output === undefined) throw new Error(`Nothing came of bundling ${module}.`);
  return {
    minified: output.contents.length,
    gzip: gzipSync(output.contents, { level: 9 }).length,
    brotli: brotliCompressSync(output.contents).length,
    // What was written here is one of the inputs.
    fileCount: Object.keys(metafile.inputs).length - 1,
  };
}
