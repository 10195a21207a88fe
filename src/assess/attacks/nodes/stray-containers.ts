// Containers of no pod: whoever starts one beside the agent, or makes a pod vanish from the API while it runs, would have a pod that no policy knows.
import { randomUUID } from 'node:crypto'
import type { ProofContext, Stray } from '../../proof.ts'
import { within } from '../../until.ts'

/** The agent removes them at once; a guard. */
const goneMs = 30_000

/** Returns what was seen. */
export async function tryStrays(context: ProofContext, signal: AbortSignal): Promise<string> {
  const { machine } = context
  if (machine.runStray === undefined) return 'containers of no pod were not tried: no node of this machine can be reached'
  const uids = [
    ['that names no pod', ''],
    ['that names a pod which does not exist', randomUUID()],
  ] as const
  for (const [name, uid] of uids) {
    await using stray = await machine.runStray(uid, signal)
    await recordRemoval(context, `a container ${name}`, stray, signal)
  }
  return `${uids.length} containers of no pod removed`
}

/** Waits until the agent has removed the container, and records whether it has. */
export async function recordRemoval({ attempts, clock }: ProofContext, name: string, stray: Stray, signal: AbortSignal): Promise<void> {
  const isGone = async () => ((await stray.isGone(signal)) ? true : undefined)
  const held = (await within(goneMs, clock, isGone, signal)) === true
  attempts.record({
    ...{ name, sent: 'StartContainer at the runtime of a node' },
    ...{ expected: 'removed by the agent', answered: held ? 'removed' : 'it runs on', held },
  })
}
