// Runs proofs against `bulkhead up` with a real node, from a build with changes: as users run both.
import { mkdtempSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Plugin } from 'esbuild'
import { parseJson } from '../../src/base/json.ts'
import { freePort, noContainers, run, TestCluster } from '../../test/cluster.ts'
import { bundle } from '../bundle.ts'
import { root } from './changes.ts'
import type { Observation, ProofReport } from './observation.ts'
import { type Change, transform } from './transform.ts'

/** Why no real node can run here, or false. */
export const noNode: string | false = noContainers()

export interface NodeRun {
  readonly changes: readonly Change[]
  /** Empty for all. */
  readonly proofs: readonly string[]
  /** Flags of `up`. */
  readonly flags?: readonly string[]
}

const proveMs = 300_000

/** `scratch` is a folder that other users can enter, for the parts do not run as root. */
export async function observeOnNode({ changes, proofs, flags = [] }: NodeRun, scratch: string): Promise<Observation> {
  try {
    const command = [process.execPath, await buildWith(changes, scratch)]
    // Their proofs need it, and others need none of its processes.
    const registry = proofs.some(id => id === 'S11' || id === 'S12') ? ['--registry', '--registry-port', String(await freePort())] : []
    await using cluster = await TestCluster.start({ command: [...command, 'up'], flags: [...flags, ...registry] })
    const args = [...command.slice(1), 'prove', '--data-dir', cluster.dataDirectory, '--output', 'json', ...proofs]
    const { code, stdout, stderr } = await run(process.execPath, args, { hangMs: proveMs })
    if (!stdout.startsWith('{')) return { failure: `bulkhead prove ended with ${code}: ${stderr.trim()}` }
    return { reports: reportsOf(stdout) }
  } catch (err) {
    return { failure: err instanceof Error ? err.message : String(err) }
  }
}

/** Returns the entry point of a build with the changes, which every user may run. */
export async function buildWith(changes: readonly Change[], scratch: string): Promise<string> {
  const build = join(mkdtempSync(join(scratch, 'b')), 'dist')
  await bundle(build, [sabotaged(changes)])
  await run('chmod', ['-R', 'a+rX', join(build, '..')])
  return join(build, 'cli.js')
}

const sabotaged = (changes: readonly Change[]): Plugin => ({
  name: 'sabotage',
  setup({ onLoad }) {
    const byPath = new Map(changes.map(change => [join(root, change.file), change]))
    onLoad({ filter: /\.ts$/ }, ({ path }) => {
      const change = byPath.get(path)
      return change === undefined ? undefined : { contents: transform(readFileSync(path, 'utf8'), change), loader: 'ts' }
    })
  },
})

interface ProveOutput {
  readonly proofs: readonly (Pick<ProofReport, 'id' | 'verdict'> & { readonly found?: readonly string[]; readonly reason?: string })[]
}

/** Of `bulkhead prove --output json`. */
export function reportsOf(output: string): ProofReport[] {
  const { proofs } = parseJson(output) as ProveOutput
  return proofs.map(({ id, verdict, found, reason }) => ({ id, verdict, found: found ?? (reason === undefined ? [] : [reason]) }))
}
