// A connection that is open when a policy tightens: it must end, while another one, which stays allowed, goes on.
import { networkPolicies } from '../../../client/resources.ts'
import type { ProofContext } from '../../proof.ts'
import type { ProofNamespace } from '../../proof-namespace.ts'
import { request } from '../../request.ts'
import { until as untilAsked } from '../../until.ts'
import { serverPorts } from './matrix.ts'

const pollMs = 100
/** Numbers that both connections carried before the policy tightens. */
const enough = 3
/** Numbers that only the allowed connection carries: then the other one is cut. */
const behind = 15
/** After so many numbers the policy is not enforced. */
const tooMany = 200

/** Sends a number every fifth of a second over both connections, and prints what the server echoes. */
export function holderScript(server: string): string {
  const hold = (name: string, port: number): string =>
    `(i=0; while :; do i=$((i+1)); echo $i; sleep 0.2; done) | nc ${server} ${port} | while read n; do echo "${name} $n"; done &`
  return [hold('tightened', serverPorts.named), hold('allowed', serverPorts.block), 'wait'].join('\n')
}

/** `holder` runs `holderScript`, and has the label of the friend. */
export async function tighten(
  { client, clock, transport, attempts }: ProofContext,
  namespace: ProofNamespace,
  holder: string,
  signal: AbortSignal,
): Promise<void> {
  const newest = async () => {
    const { text } = await request(transport, { method: 'GET', path: namespace.core(`pods/${holder}/log`) }, signal)
    const numberOf = (name: string): number => Number([...text.matchAll(new RegExp(`^${name} (\\d+)$`, 'gm'))].at(-1)?.[1] ?? 0)
    return { tightened: numberOf('tightened'), allowed: numberOf('allowed') }
  }
  const until = (isEnough: (seen: Awaited<ReturnType<typeof newest>>) => boolean) =>
    untilAsked(
      clock,
      async () => {
        const seen = await newest()
        return isEnough(seen) ? seen : undefined
      },
      signal,
      pollMs,
    )
  const { allowed: began } = await until(({ tightened, allowed }) => tightened >= enough && allowed >= enough)
  const policy = await client.get(networkPolicies, namespace.name, 'server', signal)
  const ingress = (policy.spec.ingress ?? []).filter(({ ports }) => ports?.[0]?.port !== 'open' && ports?.[0]?.port !== serverPorts.nobody)
  await client.patch(networkPolicies, namespace.name, 'server', { spec: { ingress } }, { type: 'merge' }, signal)
  const seen = await until(({ tightened, allowed }) => allowed - tightened >= behind || allowed - began >= tooMany)
  attempts.record({
    ...{
      name: 'an open connection when its policy is tightened',
      sent: 'a number every 0.2 s',
      expected: 'nothing more, while another connection goes on',
    },
    answered: `${seen.tightened} numbers by the tightened one, ${seen.allowed} by the allowed one`,
    held: seen.allowed - seen.tightened >= behind,
  })
}
