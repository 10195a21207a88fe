#!/usr/bin/env node
// The package's command: checks the Node version, then runs the bundle, with V8's compile cache beside it.
import { existsSync } from 'node:fs'
import { enableCompileCache } from 'node:module'
import { fileURLToPath } from 'node:url'

const [major] = process.versions.node.split('.').map(Number)
if (major < 24) {
  console.error(`bulkhead: Node ${process.version} is too old, 24 or newer is needed. From a clone use "npm start", which brings its own`)
  process.exit(1)
}
const bundle = new URL('../dist/cli.js', import.meta.url)
if (!existsSync(bundle)) {
  console.error('bulkhead: dist/ is missing: run "npm run build" first, or use "npm start"')
  process.exit(1)
}
enableCompileCache(fileURLToPath(new URL('../dist/.compile-cache', import.meta.url)))
await import(bundle.href)
