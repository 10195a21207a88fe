// Fails on a file over 400 lines, and within src/ on an import against the arrows of ARCHITECTURE.md, on process.exit outside cli/main.ts, and on JSON
// that is not read by base/json.ts. Tests, contracts and what serves tests alone (`testing.ts`) import what they need, and nothing else imports them.
import { globSync, readFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'

const parts = {
  base: [],
  api: ['base'],
  store: ['api', 'base'],
  access: ['api', 'base'],
  admission: ['api', 'base'],
  signer: ['base'],
  client: ['api', 'base'],
  server: ['api', 'base', 'store', 'access', 'admission'],
  controllers: ['client', 'api', 'base'],
  scheduler: ['client', 'api', 'base'],
  network: ['client', 'api', 'base'],
  node: ['client', 'network', 'api', 'base'],
  assess: ['client', 'network', 'api', 'base'],
}

/** Who may import whom; every folder may import itself. A test compares it with the table of ARCHITECTURE.md. */
export const layers: Readonly<Record<string, readonly string[]>> = {
  ...parts,
  // Wires the parts together, for the processes and for tests in one process.
  cluster: Object.keys(parts),
  cli: [...Object.keys(parts), 'cluster'],
}
const maxLines = 400
/** Reads JSON with the engine's fault, which base/json.ts tells of. Lines of comments may name it. */
const unguardedJson = /^(?!\s*(?:\/\/|\/?\*)).*(?:\bJSON\.parse\b|\.json\(\))/m

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
  if (path.split('/').length < 3 || test) return problems
  const allowed = layers[layer]
  if (allowed === undefined) return [...problems, `${path}: folder "${layer}" has no row in the table of layers`]
  for (const [, target = ''] of text.matchAll(/(?:from|import\(?)\s*'(\.[^']+)'/g)) {
    const imported = relative('.', join(dirname(path), target))
    if (forTests(imported) && !forTests(path)) problems.push(`${path}: ${target} is for tests alone`)
    const [top, to = ''] = imported.split('/')
    if (top === 'src' && to !== layer && !allowed.includes(to)) problems.push(`${path}: ${layer} may not import ${to} (${target})`)
  }
  return problems
}

if (import.meta.main) {
  const problems = globSync('{src,test,bench,tools}/**/*.{ts,mjs}').flatMap(path => checkFile(path, readFileSync(path, 'utf8')))
  for (const problem of problems) console.error(problem)
  process.exitCode = problems.length === 0 ? 0 : 1
}
