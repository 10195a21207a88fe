// Runs the test files and prints at its end `N passed, N failed, N skipped`. Unit tests run in more processes at a time than there are cores, for some wait, and
// a dozen files share one: to start and to load the same modules is two thirds of what most files do. The process that took longest the last time starts first,
// so that none is left alone at the end. End-to-end tests run one after the other, each file in its own.
// Long unit tests (`x.long.test.ts`: many random cases, whole clusters, the largest objects) are a part of their own, which `npm run ok` leaves to `npm test`.
// Arguments: `unit`, `long` or `e2e` for one part, any other text for the files whose path holds it. VERBOSE=1 prints every test.
import { globSync, writeFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { basename, join, resolve } from 'node:path'
import { run } from 'node:test'
import { createProgress } from './progress.ts'
import { createScratch, removeScratch } from './scratch.ts'
import { longestFirst, readDurations, writeDurations } from './test-durations.ts'

/** A folder with kubectl of the API's own version, beside Debian's: both are tested. */
const kubectl133 = process.env['KUBECTL_133']
const unitTests = globSync('{src,tools,bench}/**/*.test.ts')
const isLong = (file: string): boolean => file.endsWith('.long.test.ts')
const parts = [
  { name: 'unit', title: 'unit', files: unitTests.filter(file => !isLong(file)), concurrency: availableParallelism() + 2 },
  { name: 'long', title: 'long unit', files: unitTests.filter(isLong), concurrency: availableParallelism() + 1 },
  { name: 'e2e', title: 'e2e', files: globSync('test/**/*.test.ts'), concurrency: 1 },
  ...(kubectl133 === undefined
    ? []
    : [{ name: 'e2e', title: 'kubectl 1.33', files: globSync('test/kubectl/*.test.ts'), concurrency: 1, path: kubectl133 }]),
]
const wanted = process.argv.slice(2).filter(argument => parts.some(part => part.name === argument))
const pattern = process.argv.slice(2).find(argument => !wanted.includes(argument))
const verbose = (process.env['VERBOSE'] ?? '') !== ''
const totals = { passed: 0, failed: 0, skipped: 0 }
const failures: string[] = []
const skipped = new Map<string, number>()

const filesAtOnce = 12
const compileCache = resolve('node_modules/.cache/compile')
const durationsFile = resolve('node_modules/.cache/test-durations.json')
const durations = readDurations(durationsFile)
const testProcess = resolve('tools/test-process.cjs')

const scratch = createScratch()
const progress = createProgress()
const interrupted = new AbortController()
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
  process.on(signal, () => {
    if (!interrupted.signal.aborted) progress.done('Interrupted: stopping what the tests have started …')
    interrupted.abort()
  })
process.env['TMPDIR'] = scratch

/**
 * A hanging test or suite must not block the run: far above the duration of any of them, including the one that compiles client-go on a slow
 * machine.
 */
const hangMs = 900_000

for (const part of parts.filter(({ name }) => wanted.length === 0 || wanted.includes(name))) {
  const files = part.files.filter(file => pattern === undefined || file.includes(pattern)).sort()
  if (files.length === 0) continue
  console.log(`${part.title} tests: ${files.length} files`)
  // Code of each process is compiled once. End-to-end tests start the product as users do.
  if (part.name !== 'e2e') process.env['NODE_COMPILE_CACHE'] = compileCache
  else delete process.env['NODE_COMPILE_CACHE']
  if (part.path !== undefined) process.env['PATH'] = `${part.path}:${process.env['PATH']}`
  const began = performance.now()
  await runFiles(inOrder(part.name, files), part)
  if (interrupted.signal.aborted) break
  progress.done(`${part.title} tests took ${((performance.now() - began) / 1000).toFixed(0)} s`)
}
for (const failure of failures) console.log(`\nFAILED: ${failure}`)
if (skipped.size > 0) console.log(`\nSkipped: ${[...skipped].map(([reason, count]) => `${count} (${reason})`).join(', ')}`)
console.log(`${totals.passed} passed, ${totals.failed} failed, ${totals.skipped} skipped`)
if (!interrupted.signal.aborted) writeDurations(durationsFile, durations)
await removeScratch(scratch)
process.exitCode = totals.failed === 0 && totals.passed > 0 && !interrupted.signal.aborted ? 0 : 1

function inOrder(part: string, files: readonly string[]): readonly string[] {
  if (part === 'e2e') return files
  return part === 'unit' ? sharing(files) : longestFirst(files, durations)
}

/** Files that import the tests of a dozen neighbours each, named after the first of them. */
function sharing(files: readonly string[]): string[] {
  const starts = files.filter((_, index) => index % filesAtOnce === 0)
  const shared = starts.map(first => {
    const path = join(scratch, `from-${first.replaceAll('/', '-')}`)
    const start = files.indexOf(first)
    const imports = files.slice(start, start + filesAtOnce).map(file => `import ${JSON.stringify(resolve(file))}\n`)
    writeFileSync(path, imports.join(''))
    return path
  })
  return longestFirst(shared, durations)
}

async function runFiles(files: readonly string[], { name, title: part, concurrency }: (typeof parts)[number]): Promise<void> {
  let ended = 0
  const showProgress = (last: string) =>
    progress.show(`${part}: ${ended} of ${files.length} test processes, ${totals.passed} passed, ${totals.failed} failed${last}`)
  // A file's output is shown if one of its tests failed.
  const printed = new Map<string, string>()
  const failedFiles = new Set<string>()
  // Depth of the last outcome by file: children are reported before their parent, which is not counted again.
  const depth = new Map<string, number>()
  const isLeaf = (file: string | undefined, nesting: number): boolean => {
    const before = depth.get(file ?? '') ?? 0
    depth.set(file ?? '', nesting)
    return before <= nesting
  }
  const stream = run({
    files: [...files],
    concurrency,
    timeout: hangMs,
    signal: interrupted.signal,
    // Not for end-to-end tests: without the hook, `before` of a suite does not wait for the one above it.
    ...(name !== 'e2e' ? { execArgv: [`--require=${testProcess}`] } : {}),
  })
  stream.on('test:pass', ({ file, nesting, name, details, skip }) => {
    const leaf = isLeaf(file, nesting)
    // A suite that is skipped as a whole reports none of its tests.
    if (isFile(name) || (skip === undefined && (!leaf || details.type === 'suite'))) return
    if (skip === undefined) totals.passed++
    else {
      totals.skipped++
      const reason = typeof skip === 'string' && skip !== '' ? skip : 'without a reason'
      skipped.set(reason, (skipped.get(reason) ?? 0) + 1)
    }
    if (verbose) progress.done(`${skip === undefined ? 'ok  ' : 'skip'} ${title(file, name)}`)
  })
  stream.on('test:fail', ({ file, nesting, name, details }) => {
    isLeaf(file, nesting)
    const { error } = details
    // The parents of a failed test fail with it; the test itself is in the list.
    if ('failureType' in error && error.failureType === 'subtestsFailed') return
    totals.failed++
    // A file that cannot be loaded is a failed test of its own.
    failedFiles.add(file ?? resolve(name))
    const cause = error.cause instanceof Error ? (error.cause.stack ?? error.cause.message) : String(error.cause ?? error.message)
    failures.push(`${title(file, name)}\n${indent(`${cause}${ending(error)}`)}`)
    progress.done(`FAIL ${title(file, name)}`)
  })
  for (const type of ['test:stdout', 'test:stderr'] as const)
    stream.on(type, ({ file, message }) => {
      printed.set(file, ((printed.get(file) ?? '') + message).slice(-4000))
    })
  // An error after the end of its test fails the process, but no test: Node reports it here, among the counts.
  stream.on('test:diagnostic', ({ file, message }) => {
    if (file !== undefined && !/^(?:tests|suites|pass|fail|cancelled|skipped|todo|duration_ms) [\d.]+$/.test(message))
      printed.set(file, `${printed.get(file) ?? ''}${message}\n`.slice(-4000))
  })
  stream.on('test:summary', ({ file, duration_ms: milliseconds }) => {
    if (file === undefined) return
    durations[basename(file)] = Math.round(milliseconds)
    ended++
    showProgress(file.startsWith(scratch) ? '' : `, last ${relative(file)}`)
  })
  for await (const _event of stream) {
    // Reading drives the run; the listeners above do the work.
  }
  for (const file of failedFiles) {
    const text = printed.get(file)
    if (text !== undefined && text !== '') failures.push(`output of ${relative(file)}:\n${indent(text)}`)
  }
}

/** How a file's process ended, if that is what failed. */
function ending(error: object): string {
  const { exitCode, signal } = error as { readonly exitCode?: number | null; readonly signal?: string | null }
  if (exitCode === undefined && signal === undefined) return ''
  return `: its process ended with ${signal ?? `exit code ${exitCode}`}`
}

/** A file is a test of its own in the stream, named by its path. */
function isFile(name: string): boolean {
  return name.endsWith('.test.ts')
}

function title(file: string | undefined, name: string): string {
  return file === undefined || isFile(name) ? relative(name) : `${relative(file)}: ${name}`
}

function relative(file: string): string {
  const here = `${process.cwd()}/`
  return file.startsWith(here) ? file.slice(here.length) : file
}

function indent(text: string): string {
  return text.replace(/^/gm, '  ')
}
