import { defineConfig } from "vite";

// The built page lies where the API serves it from; `npm run dev` asks a server on its usual port for data.
export default defineConfig({
  build: {
    outDir: "../src/homeward/api/static",
    emptyOutDir: true,
    target: "es2022",
    modulePreload: { polyfill: false },
    chunkSizeWarningLimit: 1200, // the map, loaded only when seen
    rolldownOptions: {
      input: { page: "index.html", sw: "src/sw/sw.ts" },
      // a service worker needs an address that stays
      output: { entryFileNames: ({ name }) => (name === "sw" ? "sw.js" : "assets/[name]-[hash].js") },
    },
  },
  server: { proxy: { "/api": "http://127.0.0.1:8000" } },
});
