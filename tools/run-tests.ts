// Runs the test files and prints at its end `N passed, N failed, N skipped`. Unit tests run two files at a time, end-to-end tests one.
import { globSync } from 'node:fs'
import { run } from 'node:test'
import { spec } from 'node:test/reporters'

const parts = [
  { name: 'unit', files: globSync('{src,tools}/**/*.test.ts'), concurrency: 2 },
  { name: 'e2e', files: globSync('test/**/*.test.ts'), concurrency: 1 },
]
const wanted = process.argv.slice(2).filter(argument => parts.some(part => part.name === argument))
const pattern = process.argv.slice(2).find(argument => !wanted.includes(argument))
const totals = { passed: 0, failed: 0, skipped: 0 }

for (const part of parts.filter(({ name }) => wanted.length === 0 || wanted.includes(name))) {
  const files = part.files.filter(file => pattern === undefined || file.includes(pattern)).sort()
  if (files.length === 0) continue
  // A test that hangs must not hang the run: ten minutes a file is far beyond any of them.
  const stream = run({ files, concurrency: part.concurrency, timeout: 600_000 })
  stream.on('test:pass', ({ details, skip, name }) => {
    if (details.type === 'suite' || files.some(file => name.endsWith(file))) return
    if (skip === undefined) totals.passed++
    else totals.skipped++
  })
  stream.on('test:fail', ({ details, name }) => {
    if (details.type === 'suite' && details.error.message.includes('subtest')) return
    totals.failed++
    console.log(`FAILED: ${name}`)
  })
  const report = stream.compose(spec)
  for await (const text of report) {
    if (process.env['VERBOSE'] !== undefined || String(text).includes('✖') || String(text).includes('Error')) process.stdout.write(text)
  }
}
console.log(`${totals.passed} passed, ${totals.failed} failed, ${totals.skipped} skipped`)
process.exitCode = totals.failed === 0 && totals.passed > 0 ? 0 : 1
