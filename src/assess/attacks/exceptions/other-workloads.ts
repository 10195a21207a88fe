// Workloads that differ in one thing from the one that an exception is for.
import type { Container, PodSpec } from '../../../api/types/core-v1.ts'
import { podObject, smallResources } from '../../proof-pods.ts'

type Labels = Readonly<Record<string, string>>

export interface OtherWorkload {
  readonly name: string
  readonly spec?: (spec: PodSpec) => Partial<PodSpec>
  readonly container?: Partial<Container>
  readonly metadata?: { readonly labels?: Labels; readonly annotations?: Labels }
}

/** `second` is another account of the namespace. */
export const otherWorkloads = (second: string): readonly OtherWorkload[] => [
  { name: 'another image', container: { image: 'example.invalid/other' } },
  { name: 'another command', container: { command: ['sleep', '2'] } },
  { name: 'other arguments', container: { args: ['2'] } },
  { name: 'a device', container: { resources: { ...smallResources, limits: { ...smallResources.limits, 'example.com/device': '1' } } } },
  { name: 'another environment', container: { env: [{ name: 'A', value: 'b' }] } },
  {
    name: 'another security context',
    container: { securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] }, readOnlyRootFilesystem: false } },
  },
  { name: 'a port', container: { ports: [{ containerPort: 8080, hostPort: 8080 }] } },
  { name: 'a mount of its volume', container: { volumeMounts: [{ name: 'own', mountPath: '/own' }] } },
  {
    name: 'its init container as a sidecar',
    spec: ({ initContainers = [] }) => ({ initContainers: initContainers.map(one => ({ ...one, restartPolicy: 'Always' })) }),
  },
  { name: "the node's IPC too", spec: () => ({ hostIPC: true }) },
  { name: 'another group of its files', spec: ({ securityContext }) => ({ securityContext: { ...securityContext, fsGroup: 1 } }) },
  { name: 'one volume more', spec: ({ volumes = [] }) => ({ volumes: [...volumes, { name: 'more', emptyDir: {} }] }) },
  { name: 'one container more', spec: ({ containers }) => ({ containers: [...containers, ...named(containers, 'more')] }) },
  { name: 'an init container', spec: ({ containers }) => ({ initContainers: named(containers, 'first') }) },
  { name: 'another account', spec: () => ({ serviceAccountName: second }) },
  { name: "the node's processes too", spec: () => ({ hostPID: true }) },
  { name: 'another label', metadata: { labels: { a: 'b' } } },
  { name: 'another annotation', metadata: { annotations: { a: 'b' } } },
]

const named = (containers: readonly Container[], name: string): Container[] => containers.slice(0, 1).map(one => ({ ...one, name }))

export function podOfOther(name: string, spec: PodSpec, other: OtherWorkload): object {
  const [first, ...rest] = spec.containers
  const containers = first === undefined ? [] : [{ ...first, ...other.container }, ...rest]
  const changed = { ...spec, containers }
  return podObject(name, { ...changed, ...other.spec?.(changed) }, { ...other.metadata })
}
