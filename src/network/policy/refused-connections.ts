// Reads the kernel's record of refused connections from `nft -j`. Pure.
import type { RefusedConnection } from '../../api/nodes/node-protocol.ts'
import { parseJson } from '../../base/json.ts'
import { type PolicyNetwork, rememberedRefusals } from './render-policy.ts'

/** Newest first. Throws if the text is not nft's. */
export function parseRefused(text: string, direction: RefusedConnection['direction'], dns: PolicyNetwork['dns']): RefusedConnection[] {
  const { nftables } = parseJson(text) as NftOutput
  return nftables
    .flatMap(({ set }) => set?.elem ?? [])
    .map(({ elem: { val, expires, counter } }) => {
      const [from, to, protocol, port] = val.concat
      return {
        direction,
        from,
        to,
        protocol: String(protocol).toUpperCase(),
        names: to === dns.address,
        // The node answers on another port than the requested one.
        port: to === dns.address && port === dns.port ? 53 : Number(port),
        packets: counter?.packets ?? 0,
        secondsAgo: Math.max(0, rememberedRefusals.seconds - expires),
      }
    })
    .sort((a, b) => a.secondsAgo - b.secondsAgo)
}

interface NftOutput {
  readonly nftables: readonly {
    readonly set?: {
      readonly elem?: readonly {
        readonly elem: {
          readonly val: { readonly concat: readonly [string, string, string | number, string | number] }
          readonly expires: number
          readonly counter?: { readonly packets: number }
        }
      }[]
    }
  }[]
}
