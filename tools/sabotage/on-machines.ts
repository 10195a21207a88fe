// Runs proofs on two machines of one cluster, from a build with changes: namespaces of this machine, as the tests of several machines have them.
import { Machine, noMachines } from '../../test/machines/machine.ts'
import type { Observation } from './observation.ts'
import { buildWith, reportsOf } from './on-node.ts'
import type { Change } from './transform.ts'

/** Why two machines cannot run here, or false. */
export const noPair: string | false = noMachines()

/** `scratch` is a folder that other users can enter. */
export async function observeOnMachines(changes: readonly Change[], proofs: readonly string[], scratch: string): Promise<Observation> {
  try {
    const [first, second] = await Machine.pair(await buildWith(changes, scratch))
    await using stack = new AsyncDisposableStack()
    stack.use(first)
    stack.use(second)
    await first.start(['up', '--node-name', 'm1'], 'Ctrl-C stops the cluster')
    const ticket = await first.bulkhead('join-ticket', 'create', '--node', 'm2', '--data-dir', first.dataDirectory)
    if (ticket.code !== 0) return { failure: `join-ticket ended with ${ticket.code}: ${ticket.stderr.trim()}` }
    await second.start(ticket.stdout.trim().split(' ').slice(2), 'is Ready in the cluster')
    const { code, stdout, stderr } = await first.bulkhead('prove', '--data-dir', first.dataDirectory, '--output', 'json', ...proofs)
    if (!stdout.startsWith('{')) return { failure: `bulkhead prove ended with ${code}: ${stderr.trim()}` }
    return { reports: reportsOf(stdout) }
  } catch (err) {
    return { failure: err instanceof Error ? err.message : String(err) }
  }
}
