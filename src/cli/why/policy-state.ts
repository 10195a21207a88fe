// Reads what network policies need from the API: pods with addresses, policies, labels of namespaces.
import { ApiError } from '../../api/status.ts'
import type { PodAddress } from '../../api/types/bulkhead-v1alpha1.ts'
import { UserError } from '../../base/user-error.ts'
import { namespaceLabels, networkPolicies, podAddresses, services } from '../../client/resources.ts'
import type { Party, PolicyState } from '../../network/policy/evaluate.ts'
import type { WhyContext } from './why.ts'

export interface ClusterPolicyState extends PolicyState {
  readonly pods: readonly PodAddress[]
  /** `namespace/name` of Services by cluster IP. */
  readonly services: ReadonlyMap<string, string>
}

/** Rejects with the ApiError if the user may not read all of it. */
export async function readPolicyState({ client, signal }: WhyContext): Promise<ClusterPolicyState> {
  const [pods, policies, spaces, all] = await Promise.all([
    client.listAll(podAddresses, {}, signal),
    client.listAll(networkPolicies, {}, signal),
    client.listAll(namespaceLabels, {}, signal),
    client.listAll(services, {}, signal),
  ])
  const labels = new Map(spaces.map(({ metadata }) => [metadata.name ?? '', metadata.labels ?? {}]))
  const addresses = all.flatMap(({ metadata, spec }) =>
    (spec?.clusterIPs ?? []).map((address): [string, string] => [address, `${metadata.namespace}/${metadata.name}`]),
  )
  return { pods, policies, services: new Map(addresses), namespaceLabels: name => labels.get(name) }
}

/** Throws a UserError if the pod does not exist or has no address of its own. */
export function podNamed({ pods }: ClusterPolicyState, namespace: string, name: string): PodAddress {
  const found = pods.find(({ metadata }) => metadata.namespace === namespace && metadata.name === name)
  if (found === undefined) throw new UserError(`There is no pod "${namespace}/${name}"`)
  if (found.spec.addresses.length === 0) throw new UserError(`The pod "${namespace}/${name}" has no address of its own`)
  return found
}

export function partyOf({ metadata, spec }: PodAddress, address = spec.addresses[0] ?? ''): Party {
  const { namespace = '', name = '', labels = {} } = metadata
  return { address, pod: { namespace, name, labels, ports: spec.ports ?? [] } }
}

export const partyName = ({ address, pod }: Party): string =>
  pod === undefined ? address : `pod "${pod.namespace}/${pod.name}" (${address})`

const withPorts = new Set(['TCP', 'UDP', 'SCTP'])

export const portName = (protocol: string, port: number): string =>
  withPorts.has(protocol) ? ` port ${port}/${protocol}` : ` by ${protocol}`

/** Turns an ApiError into a UserError. */
export async function orUserError<T>(answer: Promise<T>): Promise<T> {
  try {
    return await answer
  } catch (err) {
    if (err instanceof ApiError) throw new UserError(`The server gives no explanation: ${err.message}`, { cause: err })
    throw err
  }
}
