// The addresses of a Node: its own, and the ranges of its pods.
import type { Node } from '../../api/types/core-v1.ts'

export const hostTypes: ReadonlySet<string> = new Set(['Hostname', 'InternalDNS', 'ExternalDNS'])

export const addressesOf = (node: Node | undefined): string[] =>
  (node?.status?.addresses ?? []).filter(({ type }) => !hostTypes.has(type)).map(({ address }) => address)

export const rangesOf = (node: Node | undefined): readonly string[] => {
  const { podCIDR, podCIDRs } = node?.spec ?? {}
  return podCIDRs ?? (podCIDR ? [podCIDR] : [])
}
