// Runs the test files and prints at its end `N passed, N failed, N skipped`. Unit tests run in more processes at a time than there are cores, for some wait, and
// many files share one, see test-groups.ts. The process that took longest the last time starts first, so that none is left alone at the end.
// A file that ends or blocks its process fails; those after it run in another one. End-to-end tests run one after the other, each file in its own.
// Long unit tests (`x.long.test.ts`: many random cases, clusters with their processes, the largest objects, anything of more than about three seconds) are a
// part of their own, which `npm run ok` leaves to `npm test`.
// Arguments: `unit`, `long` or `e2e` for one part, any other text for the files whose path holds it. VERBOSE=1 prints every test.
import { globSync, readFileSync, writeFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { join, resolve } from 'node:path'
import { createProgress } from './progress.ts'
import { isFile, type Outcome, runTestProcess } from './run-test-process.ts'
import { createScratch, removeScratch } from './scratch.ts'
import { longestFirst, readDurations, writeDurations } from './test-durations.ts'
import { entryOf } from './test-files.ts'
import { groupFiles } from './test-groups.ts'

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

/**
 * More than run at a time, so that they end at about the same time; but each loads and compiles the same modules, and makes the keys and the first objects of
 * its clusters: 2 to 3 seconds.
 */
const sharedProcesses = 6
const compileCache = resolve('node_modules/.cache/compile')
const durationsFile = resolve('node_modules/.cache/test-durations.json')
const durations = readDurations(durationsFile)
const hook = resolve('tools/test-process.cjs')
/** Tests open hundreds of clusters whose objects die young: a larger space for those saves a tenth of the processor time. */
const youngSpace = ['--min-semi-space-size=64', '--max-semi-space-size=64']

const scratch = createScratch()
const progress = createProgress()
const interrupted = new AbortController()
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
  process.on(signal, () => {
    if (!interrupted.signal.aborted) progress.done('Interrupted: stopping what the tests have started …')
    interrupted.abort()
  })
process.env['TMPDIR'] = scratch

/** A hanging test must not block the run: far above the duration of any file, the one that compiles client-go on a slow machine included. */
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
  await runPart(part, groupsOf(part.name, files))
  if (interrupted.signal.aborted) break
  progress.done(`${part.title} tests took ${((performance.now() - began) / 1000).toFixed(0)} s`)
}
for (const failure of failures) console.log(`\nFAILED: ${failure}`)
if (skipped.size > 0) console.log(`\nSkipped: ${[...skipped].map(([reason, count]) => `${count} (${reason})`).join(', ')}`)
console.log(`${totals.passed} passed, ${totals.failed} failed, ${totals.skipped} skipped`)
if (!interrupted.signal.aborted) writeDurations(durationsFile, durations)
await removeScratch(scratch)
process.exitCode = totals.failed === 0 && totals.passed > 0 && !interrupted.signal.aborted ? 0 : 1

/** Test files by process, in the order in which the processes start. */
function groupsOf(part: string, files: readonly string[]): (readonly string[])[] {
  if (part === 'e2e') return files.map(file => [file])
  return longestFirst(
    groupFiles(files, sharedProcesses, file => readFileSync(file, 'utf8')),
    durations,
  )
}

async function runPart({ name, title, concurrency }: (typeof parts)[number], groups: readonly (readonly string[])[]): Promise<void> {
  let ended = 0
  const rest = groups.values()
  const runGroups = async (): Promise<void> => {
    for (const group of rest) {
      let left: readonly string[] = group.map(file => resolve(file))
      while (left.length > 0 && !interrupted.signal.aborted) {
        const here = left
        left = await runFiles(name, here)
        ended += here.length - left.length
        const last = here.length > 1 ? '' : `, last ${relative(here[0] ?? '')}`
        progress.show(`${title}: ${ended} of ${groups.flat().length} files, ${totals.passed} passed, ${totals.failed} failed${last}`)
      }
    }
  }
  await Promise.all(Array.from({ length: Math.min(concurrency, groups.length) }, runGroups))
}

/** Returns those that have not run. */
async function runFiles(part: string, files: readonly string[]): Promise<readonly string[]> {
  const { left, printed, milliseconds } = await runTestProcess({
    entry: entryFor(files),
    files,
    hangMs,
    signal: interrupted.signal,
    // Not for end-to-end tests: without the hook, `before` of a suite does not wait for the one above it.
    execArgv: part === 'e2e' ? [] : [...youngSpace, `--require=${hook}`],
    onOutcome: count,
  })
  for (const [file, text] of printed) failures.push(`output of ${relative(file)}:\n${indent(text)}`)
  for (const [file, took] of milliseconds) durations[relative(file)] = Math.round(took)
  return left
}

function entryFor(files: readonly string[]): string {
  const [first = ''] = files
  if (files.length === 1) return first
  const path = join(scratch, `from-${relative(first).replaceAll('/', '-')}`)
  writeFileSync(path, entryOf(files, resolve('tools/test-files.ts')))
  return path
}

function count({ kind, file, name, text }: Outcome): void {
  totals[kind]++
  const title = isFile(name) ? relative(name) : `${relative(file)}: ${name}`
  if (kind === 'skipped') skipped.set(text, (skipped.get(text) ?? 0) + 1)
  if (kind === 'failed') {
    failures.push(`${title}\n${indent(text)}`)
    // The report at the end may be cut off where a run is recorded.
    progress.done(`FAIL ${title}: ${firstLine(text)}`)
  } else if (verbose) progress.done(`${kind === 'passed' ? 'ok  ' : 'skip'} ${title}`)
}

function relative(file: string): string {
  const here = `${process.cwd()}/`
  return file.startsWith(here) ? file.slice(here.length) : file
}

/** The first line that is not empty, at most 1,000 characters. */
function firstLine(text: string): string {
  return (text.split('\n').find(line => line.trim() !== '') ?? '').trim().slice(0, 1000)
}

function indent(text: string): string {
  return text.replace(/^/gm, '  ')
}
