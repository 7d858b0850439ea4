import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { brotliCompressSync, gzipSync } from "node:zlib";
import { defineConfig, type Plugin } from "vite";

const STATIC = "../src/homeward/api/static";

/** Beside each asset lies what is sent of it: compressed once here, not on every request. */
function compressed(): Plugin {
  return {
    name: "compressed",
    apply: "build",
    closeBundle() {
      const folder = join(import.meta.dirname, STATIC, "assets");
      for (const name of readdirSync(folder).filter((each) => /\.(js|css)$/.test(each))) {
        const data = readFileSync(join(folder, name));
        writeFileSync(join(folder, `${name}.gz`), gzipSync(data, { level: 9 }));
        writeFileSync(join(folder, `${name}.br`), brotliCompressSync(data));
      }
    },
  };
}

// The built page lies where the API serves it from; `npm run dev` asks a server on its usual port for data.
export default defineConfig({
  plugins: [compressed()],
  build: {
    outDir: STATIC,
    emptyOutDir: true,
    target: ["es2020", "chrome87", "edge88", "firefox78", "safari14"], // phones that get no newer browser
    modulePreload: { polyfill: false },
    chunkSizeWarningLimit: 1200, // the map, loaded only when seen
    rolldownOptions: {
      input: { page: "index.html", sw: "src/sw/sw.ts", near: "src/board/near.ts" },
      // a service worker needs an address that stays, and so does what a page names that the server writes
      output: { entryFileNames: ({ name }) => (name === "page" ? "assets/[name]-[hash].js" : "[name].js") },
    },
  },
  server: { proxy: { "/api": "http://127.0.0.1:8000" } },
});
