// The pod behind an address that an EndpointSlice or Endpoints name.
import type { Pod } from '../../api/types/core-v1.ts'
import type { ServedResources } from '../resource/served-resource.ts'

export const addressesOf = ({ status }: Pod): string[] => (status?.podIPs ?? []).flatMap(({ ip }) => (ip === undefined ? [] : [ip]))

export function podNamed(resources: ServedResources, namespace: string, name: string): Pod | undefined {
  // The schema of pods decoded them.
  return resources.byGroupResource('pods')?.collection.get(namespace, name)?.object as Pod | undefined
}

/** Only where the pod really has the address: whoever may write endpoints must not choose whom the server speaks to (CVE-2021-25740). */
export function podAtAddress(resources: ServedResources, namespace: string, name: string, address: string): Pod | undefined {
  const pod = podNamed(resources, namespace, name)
  return pod !== undefined && addressesOf(pod).includes(address) ? pod : undefined
}
