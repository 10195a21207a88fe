// A pod that ends, and does not want to: while it ends it sends only what its policies allow, and nothing after its end.
import { isReason } from '../../../api/status.ts'
import type { Pod } from '../../../api/types/core-v1.ts'
import { pods } from '../../../client/resources.ts'
import type { ProofContext } from '../../proof.ts'
import type { ProofNamespace } from '../../proof-namespace.ts'
import { until, within } from '../../until.ts'
import type { Datagrams } from './datagrams.ts'
import { udpPorts } from './matrix.ts'

/** A busy machine may leave the pod without a turn for a while; the time is cut as soon as the pod has sent. */
const graceSeconds = 20
const restSeconds = 1
const pollMs = 100
/** Within it, a pod that still sends would send some. */
const silenceMs = 1500
/** Until the first datagrams arrive: far longer than a pod takes to start on a busy node. */
const firstMs = 60_000
const windows = 5

/** Ignores the request to end, and sends a datagram to an allowed and to a refused port all the time. A read request of TFTP has a text of ours. */
export function leaverScript(name: string, node: string): string {
  const send = (port: number): string => `timeout 1 tftp -g -r ${name} -l /dev/null ${node} ${port} 2>/dev/null &`
  return ["trap '' TERM", 'while :; do', send(udpPorts.first), send(udpPorts.beyond), 'sleep 0.2', 'done'].join('\n')
}

/** `pod` runs `leaverScript(name, …)`, and its policies allow the first port alone. */
export async function tryLastPackets(
  { client, clock, attempts }: ProofContext,
  namespace: ProofNamespace,
  { pod, name, datagrams }: { readonly pod: string; readonly name: string; readonly datagrams: Datagrams },
  signal: AbortSignal,
): Promise<void> {
  const sent = `datagrams to ports ${udpPorts.first} and ${udpPorts.beyond} of the node`
  const count = () => datagrams.count(name, udpPorts.first)
  let last: Pod | undefined
  const isGone = async () => {
    try {
      last = await client.get(pods, namespace.name, pod, signal)
      return undefined
    } catch (err) {
      return unlessGone(err)
    }
  }
  const hasEnded = async () => (await isGone()) ?? (last?.status?.containerStatuses?.[0]?.state?.terminated ? true : undefined)
  const untilNext = async (seen: number) =>
    await within(firstMs, clock, async () => (count() > seen ? true : await hasEnded()), signal, pollMs)
  // One from long ago would not show that the pod still sends when it is deleted.
  if ((await untilNext(0)) === undefined || (await untilNext(count())) === undefined) {
    attempts.record({
      ...{ name: 'allowed datagrams of a pod', sent, expected: 'some: its policies allow them' },
      ...{ answered: `${count()} received in ${firstMs / 1000} s; the pod was ${stateOf(last)}`, held: false },
    })
    return
  }
  const before = count()
  await client.delete(pods, namespace.name, pod, { gracePeriodSeconds: graceSeconds }, signal).catch(unlessGone)
  await until(clock, async () => (count() > before ? true : await isGone()), signal, pollMs)
  const whileEnding = count() - before
  await client.delete(pods, namespace.name, pod, { gracePeriodSeconds: restSeconds }, signal).catch(unlessGone)
  await until(clock, isGone, signal, pollMs)
  // Datagrams from before the end may still be under way, or wait in this process's socket; a pod that goes on sending is never silent.
  let after = 0
  for (let window = 0; window < windows; window++) {
    const seen = count()
    await clock.sleep(silenceMs, signal)
    after = count() - seen
    if (after === 0) break
  }
  const beyond = datagrams.count(name, udpPorts.beyond)
  attempts.record({
    ...{ name: 'allowed datagrams of a pod while it ends', sent, expected: 'some: it ignores the request to end' },
    ...{ answered: `${whileEnding} received${whileEnding > 0 ? '' : `; the pod was ${stateOf(last)}`}`, held: whileEnding > 0 },
  })
  attempts.record({
    ...{ name: 'refused datagrams of a pod until its last packet', sent, expected: 'none' },
    ...{ answered: `${beyond} received`, held: beyond === 0 },
  })
  attempts.record({
    ...{ name: 'datagrams of a pod after its end', sent, expected: 'none' },
    ...{ answered: `${after} received in ${silenceMs / 1000} s`, held: after === 0 },
  })
}

/** What is known of a pod that sent nothing: only one that ran should have. */
function stateOf(pod: Pod | undefined): string {
  const { status } = pod ?? {}
  const { running, waiting, terminated } = status?.containerStatuses?.[0]?.state ?? {}
  const ended = terminated && `ended at ${terminated.finishedAt} with ${terminated.exitCode} (${terminated.reason})`
  return `${status?.phase ?? 'unknown'}, its container ${ended ?? waiting?.reason ?? (running ? 'running' : 'unknown')}`
}

function unlessGone(err: unknown): true {
  if (isReason(err, 'NotFound')) return true
  throw err
}
