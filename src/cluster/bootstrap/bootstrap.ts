// The initial objects of a cluster, updated at each start without undoing changes of an administrator.
import { bootstrapPolicy, pluralOfKind } from '../../access/bootstrap-policy/index.ts'
import { planBootstrapObject } from '../../access/bootstrap-policy/reconcile.ts'
import { deniedCredentials } from '../../api/credentials/denied-credentials-names.ts'
import { clusterDnsAccount } from '../../api/credentials/node-dns-token.ts'
import type { KubeObject } from '../../api/object.ts'
import type { APIService } from '../../api/types/apiregistration-v1.ts'
import type { ConfigMap } from '../../api/types/core-v1.ts'
import type { ServiceCIDR } from '../../api/types/networking-v1.ts'
import { UserError } from '../../base/user-error.ts'
import type { ApiServer } from '../../server/api-server.ts'
import {
  bootstrapNamespaces,
  kubernetesEndpoints,
  kubernetesService,
  serverIdentity,
  systemPriorityClasses,
} from '../../server/bootstrap.ts'
import { kubernetesServiceRange } from '../../server/service-addresses/service-cidrs.ts'
import type { Signer } from '../../signer/signer.ts'
import type { Store } from '../../store/store.ts'
import { localApiServices, planApiServices } from './api-services.ts'
import { initialClusterDefaults } from './cluster-defaults.ts'
import { extensionAuthentication } from './extension-authentication.ts'
import { localStorage } from './local-storage.ts'
import { type OwnRegistry, registryHosting, registryHostingName, registryHostingNamespace } from './registry-hosting.ts'
import { localSnapshotClass, servesSnapshotClasses } from './snapshot-class.ts'
import { snapshotKinds } from './snapshot-kinds/index.ts'

export interface BootstrapOptions {
  readonly server: ApiServer
  readonly store: Store
  /** The source of the CAs that aggregated servers get; without it they get none. */
  readonly signer?: Signer
  /**
   * The address of the API for pods; without one the Service gets no endpoints: the server listens on loopback, or the live servers are listed
   * otherwise.
   */
  readonly endpoint?: { readonly serviceIp: string; readonly address: string | undefined; readonly port: number }
  /** The address of the cluster DNS for pods. */
  readonly dnsAddress?: string
  /** The cluster's own registry, if it has one. */
  readonly registry?: OwnRegistry
  /** Whether new namespaces get the ClusterDefaults, which a controller has to create. */
  readonly namespaceDefaults: boolean
  /** Default true; false for a server that only `system:masters` uses, and in which no role is read. */
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
  registry,
  namespaceDefaults,
  roles = true,
  signal,
}: BootstrapOptions): Promise<void> {
  refuseOtherRange(store, server.serviceCidr)
  const { create, update, recreate } = roles ? planPolicy(store) : { create: [], update: [], recreate: [] }
  const apiServices = planApiServices(registered(store), localApiServices(server.resources.all.map(({ definition }) => definition)))
  // First, so that the namespace `default` gets them too.
  if (namespaceDefaults) await server.ensureObjects([initialClusterDefaults])
  await server.ensureObjects(bootstrapNamespaces())
  await Promise.all([
    ...recreate.map(object => remove(server, pathOf(object), signal)),
    ...apiServices.remove.map(name => remove(server, `/apis/apiregistration.k8s.io/v1/apiservices/${name}`, signal)),
  ])
  // The signer is called in here: if it were awaited within the list, earlier items could reject unhandled when the server is stopped.
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
      ...localStorage,
      ...snapshotKinds,
      kubernetesServiceRange(server.serviceCidr, server.clock.now()),
      { apiVersion: 'v1', kind: 'ConfigMap', metadata: deniedCredentials },
      ...(dnsAddress === undefined ? [] : [dnsService(dnsAddress)]),
      dnsAccount(),
    ]),
    overwrite(),
    announceRegistry(server, store, registry, signal),
    server.keepFlowObjects(),
    endpoint && server.ensureObjects([kubernetesService(endpoint.serviceIp, endpoint.port)]),
    endpoint?.address && server.ensureObjects(kubernetesEndpoints([endpoint.address], endpoint.port), true),
  ])
  if (await servesSnapshotClasses(server.resources, server.clock, signal)) await server.ensureObjects([localSnapshotClass])
  server.markReady()
}

/** A cluster that was started without its registry must not name one. */
async function announceRegistry(server: ApiServer, store: Store, registry: OwnRegistry | undefined, signal: AbortSignal): Promise<void> {
  if (registry !== undefined) return await server.ensureObjects([registryHosting(registry)], true)
  const known = store.collection({ groupResource: 'configmaps' }).newest(registryHostingNamespace, registryHostingName)
  // Somebody else's registry has no authority of ours.
  if ((known?.object as ConfigMap | undefined)?.data?.['hosts'] === undefined) return
  await remove(server, `/api/v1/namespaces/${registryHostingNamespace}/configmaps/${registryHostingName}`, signal)
}

/** Existing Services have addresses of the original range. */
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

/** Joined nodes get tokens of this account for the DNS part beside them. */
const dnsAccount = (): KubeObject => ({
  apiVersion: 'v1',
  kind: 'ServiceAccount',
  metadata: { ...clusterDnsAccount },
})

/** The Service of the cluster DNS; it has no selector, because the node itself answers on its address. */
function dnsService(clusterIP: string): KubeObject & Record<string, unknown> {
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: {
      name: 'kube-dns',
      namespace: 'kube-system',
      // `kubectl cluster-info` lists Services with the second label.
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
