// Finds the pod with an address of an EndpointSlice or Endpoints.
import type { Pod } from '../../api/types/core-v1.ts'
import type { ServedResources } from '../resource/served-resource.ts'

export const addressesOf = ({ status }: Pod): string[] => (status?.podIPs ?? []).flatMap(({ ip }) => (ip === undefined ? [] : [ip]))

export function podNamed(resources: ServedResources, namespace: string, name: string): Pod | undefined {
  // The schema of pods decoded the objects.
  return resources.byGroupResource('pods')?.collection.get(namespace, name)?.object as Pod | undefined
}

/** Only if the pod has the address: users who may write endpoints must not choose where the server connects (CVE-2021-25740). */
export function podAtAddress(resources: ServedResources, namespace: string, name: string, address: string): Pod | undefined {
  const pod = podNamed(resources, namespace, name)
  return pod !== undefined && addressesOf(pod).includes(address) ? pod : undefined
}
