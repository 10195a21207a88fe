// Fails on a file over 400 lines, and within src/ on an import against the arrows of ARCHITECTURE.md, on a circle of files, on a new pair of folders that import
// each other, on process.exit outside cli/main.ts, and on JSON that is not read by base/json.ts or not written by base/write-json.ts. Tests, contracts and what serves tests alone (`testing.ts`) import what they need, and nothing else imports them.
import { globSync, readFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { type Import, importsOf, pairsOfFolders, valueCircles } from './import-graph.ts'

const parts = {
  base: [],
  api: ['base'],
  store: ['api', 'base'],
  access: ['api', 'base'],
  'supply-chain': ['api', 'base'],
  admission: ['supply-chain', 'api', 'base'],
  signer: ['base'],
  client: ['api', 'base'],
  server: ['api', 'base', 'store', 'access', 'admission'],
  controllers: ['client', 'api', 'base'],
  scheduler: ['client', 'api', 'base'],
  network: ['client', 'api', 'base'],
  node: ['supply-chain', 'client', 'network', 'api', 'base'],
  artifacts: ['supply-chain', 'client', 'api', 'base'],
  registry: ['supply-chain', 'client', 'api', 'base'],
  backup: ['supply-chain', 'client', 'api', 'base'],
  assess: ['artifacts', 'supply-chain', 'client', 'network', 'api', 'base'],
}

/** Allowed imports between folders; every folder may import itself. A test compares it with the table of ARCHITECTURE.md. */
export const layers: Readonly<Record<string, readonly string[]>> = {
  ...parts,
  // Wires the parts together, for the processes and for tests in one process.
  cluster: Object.keys(parts),
  cli: [...Object.keys(parts), 'cluster'],
}

/**
 * The rooms of a part, lowest first: each imports itself and those before it. Files of the part that are in no room put the rooms together, and no room
 * imports them. A test compares it with the table of ARCHITECTURE.md.
 */
export const rooms: Readonly<Record<string, readonly string[]>> = {
  server: [
    'http2',
    'http',
    'protobuf',
    'resource',
    'request',
    'flow-control',
    'custom-resources',
    'answers',
    'objects',
    'service-addresses',
    'proxy',
    'watch',
    'verbs',
    'subresources',
    'computed',
    'paths',
  ],
}

const maxLines = 400
/** Reads JSON with the engine's fault that base/json.ts describes. Comments may name it. */
const unguardedJson = /^(?!\s*(?:\/\/|\/?\*)).*(?:\bJSON\.parse\b|\.json\(\))/m

/** Writes no bigint. Comments may name it. */
const inexactJson = /^(?!\s*(?:\/\/|\/?\*)).*\bJSON\.stringify\b/m

/** Serves tests alone, by its name. `src/node/fake` is the runtime of simulated nodes. */
const forTests = (path: string): boolean =>
  /(?:\.(?:test|contract|model|fuzz)|[./](?:fixture|testing)|\/fake-[^/]+)\.ts$/.test(path) && !path.startsWith('src/node/fake/')

/** Each problem as `path: what`; `path` is relative to the root. */
export function checkFile(path: string, text: string): string[] {
  const problems: string[] = []
  const [root, layer = ''] = path.split('/')
  const lines = text.split('\n').length - 1
  if (lines > maxLines && !path.includes('/generated/')) problems.push(`${path}: ${lines} lines, at most ${maxLines}: split it`)
  if (root !== 'src') return problems
  const test = path.endsWith('.test.ts') || path.endsWith('.contract.ts') || path.endsWith('testing.ts') || path.endsWith('.fuzz.ts')
  if (!test && text.includes('process.exit(') && path !== 'src/cli/main.ts')
    problems.push(`${path}: process.exit() belongs in src/cli/main.ts only`)
  if (!test && path !== 'src/base/json.ts' && unguardedJson.test(text))
    problems.push(`${path}: JSON is read by parseJson() of src/base/json.ts, since engines may misread names`)
  if (!test && path !== 'src/base/write-json.ts' && inexactJson.test(text))
    problems.push(`${path}: JSON is written by writeJson() of src/base/write-json.ts, which keeps integers of 64 bits`)
  if (path.split('/').length < 3 || test) return problems
  const allowed = layers[layer]
  if (allowed === undefined) return [...problems, `${path}: folder "${layer}" has no row in the table of layers`]
  for (const [, target = ''] of text.matchAll(/(?:from|import\(?)\s*'(\.[^']+)'/g)) {
    const imported = relative('.', join(dirname(path), target))
    if (forTests(imported) && !forTests(path)) problems.push(`${path}: ${target} is for tests alone`)
    const [top, to = ''] = imported.split('/')
    if (top === 'src' && to !== layer && !allowed.includes(to)) problems.push(`${path}: ${layer} may not import ${to} (${target})`)
    const upward = top === 'src' && to === layer && upwardImport(layer, path, imported)
    if (upward) problems.push(`${path}: ${upward} (${target})`)
  }
  return problems
}

/** The problem of an import within a part that has rooms. */
function upwardImport(layer: string, path: string, imported: string): string | undefined {
  const order = rooms[layer]
  if (order === undefined) return undefined
  const [from, to] = [roomOf(path), roomOf(imported)]
  if (from === to || from === undefined) return undefined
  if (to === undefined) return `${from} may not import what puts the rooms of ${layer} together`
  if (!order.includes(from)) return `room "${from}" is not in the list of ${layer}'s rooms`
  return order.indexOf(to) > order.indexOf(from) ? `${from} may not import ${to}, which stands above it` : undefined
}

/** Undefined for a file of the part itself. */
function roomOf(path: string): string | undefined {
  const [, , room, file] = path.split('/')
  return file === undefined ? undefined : room
}

/** Problems of all files together. */
export function checkGraph(imports: readonly Import[]): string[] {
  return [
    ...valueCircles(imports).map(circle => `${circle.join(', ')}: these files need each other's values`),
    ...pairsOfFolders(imports).map(pair => `${pair}: these folders import each other`),
  ]
}

if (import.meta.main) {
  const files = globSync('{src,test,bench,tools}/**/*.{ts,mjs}').map(path => ({ path, text: readFileSync(path, 'utf8') }))
  const running = files.filter(({ path }) => path.startsWith('src/') && !forTests(path))
  const problems = [
    ...files.flatMap(({ path, text }) => checkFile(path, text)),
    ...checkGraph(running.flatMap(({ path, text }) => importsOf(path, text))),
  ]
  for (const problem of problems) console.error(problem)
  process.exitCode = problems.length === 0 ? 0 : 1
}
