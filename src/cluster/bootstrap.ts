// What a cluster has from its first second, brought up to date at each start without undoing what an administrator added.
import { bootstrapPolicy, pluralOfKind } from '../access/bootstrap-policy/index.ts'
import { planBootstrapObject } from '../access/bootstrap-policy/reconcile.ts'
import { deniedCredentials } from '../api/denied-credentials-names.ts'
import type { KubeObject } from '../api/object.ts'
import type { APIService } from '../api/types/apiregistration-v1.ts'
import type { ServiceCIDR } from '../api/types/networking-v1.ts'
import { UserError } from '../base/user-error.ts'
import type { ApiServer } from '../server/api-server.ts'
import { bootstrapNamespaces, kubernetesEndpoints, kubernetesService, serverIdentity, systemPriorityClasses } from '../server/bootstrap.ts'
import { kubernetesServiceRange } from '../server/service-addresses/service-cidrs.ts'
import type { Signer } from '../signer/signer.ts'
import type { Store } from '../store/store.ts'
import { localApiServices, planApiServices } from './api-services.ts'
import { initialClusterDefaults } from './cluster-defaults.ts'
import { extensionAuthentication } from './extension-authentication.ts'

export interface BootstrapOptions {
  readonly server: ApiServer
  readonly store: Store
  /** Whose authorities servers behind APIServices are told; none are where it is missing. */
  readonly signer?: Signer
  /** Where the API is reached from pods; without an address (it listens on loopback) the Service has no endpoints. */
  readonly endpoint?: { readonly serviceIp: string; readonly address: string | undefined; readonly port: number }
  /** Where pods ask for names. */
  readonly dnsAddress?: string
  /** Whether new namespaces get the ClusterDefaults, which a controller has to bring. */
  readonly namespaceDefaults: boolean
  /** Default true; false for a server that nobody but `system:masters` asks, and in which no role is looked at. */
  readonly roles?: boolean
  readonly signal: AbortSignal
}

const rbacVersion = 'rbac.authorization.k8s.io/v1'

export async function bootstrap({
  server,
  store,
  signer,
  endpoint,
  dnsAddress,
  namespaceDefaults,
  roles = true,
  signal,
}: BootstrapOptions): Promise<void> {
  refuseOtherRange(store, server.serviceCidr)
  const { create, update, recreate } = roles ? planPolicy(store) : { create: [], update: [], recreate: [] }
  const apiServices = planApiServices(registered(store), localApiServices(server.resources.all.map(({ definition }) => definition)))
  // First, so that namespace `default` gets them too.
  if (namespaceDefaults) await server.ensureObjects([initialClusterDefaults])
  await server.ensureObjects(bootstrapNamespaces())
  await Promise.all([
    ...recreate.map(object => remove(server, pathOf(object), signal)),
    ...apiServices.remove.map(name => remove(server, `/apis/apiregistration.k8s.io/v1/apiservices/${name}`, signal)),
  ])
  // The signer is asked in here: were it awaited within the list, what the list began would reject unheard when the server is told to stop.
  const overwrite = async () => {
    const authentication = signer ? [await extensionAuthentication(signer, signal)] : []
    await server.ensureObjects([...update, ...apiServices.update, ...authentication], true)
  }
  await Promise.all([
    server.ensureObjects([
      ...create,
      ...recreate,
      ...apiServices.create,
      ...systemPriorityClasses(),
      kubernetesServiceRange(server.serviceCidr, server.clock.now()),
      { apiVersion: 'v1', kind: 'ConfigMap', metadata: deniedCredentials },
      ...(dnsAddress === undefined ? [] : [dnsService(dnsAddress)]),
    ]),
    overwrite(),
    server.keepFlowObjects(),
    endpoint && server.ensureObjects(kubernetesService(endpoint.serviceIp, '', endpoint.port).slice(0, 1)),
    endpoint?.address && server.ensureObjects(kubernetesEndpoints(endpoint.address, endpoint.port), true),
  ])
  server.markReady()
}

/** The Services that exist have addresses of the range that the cluster was made with. */
function refuseOtherRange(store: Store, cidr: string): void {
  const known = store.collection({ groupResource: 'servicecidrs.networking.k8s.io' }).newest('', 'kubernetes')?.object as
    | ServiceCIDR
    | undefined
  const [made] = known?.spec?.cidrs ?? []
  if (made === undefined || made === cidr) return
  throw new UserError(
    `The Services of this cluster have addresses of ${made}, and not of ${cidr}: start it with serviceClusterIpRange ${made}, or make a new data directory`,
  )
}

function planPolicy(store: Store): { create: KubeObject[]; update: KubeObject[]; recreate: KubeObject[] } {
  const planned: { create: KubeObject[]; update: KubeObject[]; recreate: KubeObject[] } = { create: [], update: [], recreate: [] }
  for (const expected of bootstrapPolicy) {
    const { kind, object } = expected
    const collection = store.collection({ groupResource: `${pluralOfKind[kind]}.rbac.authorization.k8s.io` })
    const plan = planBootstrapObject(collection.newest(object.metadata.namespace ?? '', object.metadata.name ?? '')?.object, expected)
    if (plan.action !== 'none') planned[plan.action].push({ ...plan.object, apiVersion: rbacVersion, kind })
  }
  return planned
}

function registered(store: Store): APIService[] {
  const collection = store.collection({ groupResource: 'apiservices.apiregistration.k8s.io' })
  return collection.list({}).entries.map(({ object }) => object as KubeObject & APIService)
}

function pathOf({ kind, metadata }: KubeObject): string {
  const plural = kind === 'RoleBinding' ? `namespaces/${metadata.namespace}/rolebindings` : 'clusterrolebindings'
  return `/apis/${rbacVersion}/${plural}/${metadata.name}`
}

async function remove(server: ApiServer, path: string, signal: AbortSignal): Promise<void> {
  await using transport = server.transportFor(serverIdentity)
  const response = await transport.request({ method: 'DELETE', path }, signal)
  for await (const _ of response.body);
  if (response.status >= 300 && response.status !== 404) throw new Error(`bootstrap cannot take away ${path}: ${response.status}`)
}

/** The Service under which the cluster's DNS is known; it has no selector, the node itself answers on its address. */
function dnsService(clusterIP: string): KubeObject & Record<string, unknown> {
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: {
      name: 'kube-dns',
      namespace: 'kube-system',
      // `kubectl cluster-info` lists the Services with the second one.
      labels: { 'k8s-app': 'kube-dns', 'kubernetes.io/cluster-service': 'true', 'kubernetes.io/name': 'CoreDNS' },
    },
    spec: {
      clusterIP,
      clusterIPs: [clusterIP],
      ports: [
        { name: 'dns', port: 53, protocol: 'UDP' },
        { name: 'dns-tcp', port: 53, protocol: 'TCP' },
      ],
      type: 'ClusterIP',
    },
  }
}
