// The verdict of a new cluster to which all manifests are applied, in an order in which each finds what it needs.
import { type Features, noFeatures } from '../../api/features.ts'
import type { Profile } from '../../base/config/config.ts'
import { UserError } from '../../base/user-error.ts'
import { Client } from '../../client/client.ts'
import { accountsOf } from './accounts.ts'
import { openLayouts } from './images/open-layouts.ts'
import { unevaluatedImages } from './images/unevaluated-images.ts'
import type { Manifest } from './manifests.ts'
import { ObjectValidator } from './object-validator.ts'
import { type OfflineServer, openOffline } from './offline.ts'
import { firstKinds, inOrder, policyKinds, remoteKinds } from './order.ts'
import type { Verdict } from './verdict.ts'

export interface OfflineOptions {
  readonly profile: Profile
  readonly namespace: string
  /** Default: no feature that is off by default. */
  readonly features?: Features
  /** CustomResourceDefinitions that exist before the manifests. */
  readonly definitions?: readonly Manifest[]
  /** OCI layouts of images; see layoutRegistries(). Default: image policies are not evaluated. */
  readonly images?: readonly string[]
}

/** Results are in the order of the manifests. */
export async function validateOffline(
  manifests: readonly Manifest[],
  { profile, namespace, features = noFeatures, definitions = [], images = [] }: OfflineOptions,
  signal: AbortSignal,
): Promise<Verdict[]> {
  const roles = manifests.some(({ apiVersion }) => apiVersion.startsWith('rbac.authorization.k8s.io/'))
  await using layouts = new AsyncDisposableStack()
  const registries = await openLayouts(images, layouts, signal)
  await using server = await openOffline({ profile, roles, features, ...(registries === undefined ? {} : { images: registries }) }, signal)
  const defined = await applyOffline(server, definitions, namespace, signal)
  for (const [index, verdict] of defined.entries()) {
    if (verdict.outcome !== 'refused') continue
    const { document, name } = definitions[index] ?? { document: { file: '' }, name: '' }
    throw new UserError(
      `Cannot use CustomResourceDefinition "${name}" of "${document.file}": ${verdict.status.message ?? verdict.status.reason}`,
    )
  }
  const verdicts = await applyOffline(server, manifests, namespace, signal)
  if (registries !== undefined) return verdicts
  const unevaluated = await unevaluatedImages(new Client(server.transport), signal)
  return verdicts.map(verdict => {
    const instead = verdict.instead ?? unevaluated(verdict)
    return instead === undefined ? verdict : { ...verdict, instead }
  })
}

/** Applies the manifests to an open server, which keeps admitted objects. */
export async function applyOffline(
  server: OfflineServer,
  manifests: readonly Manifest[],
  namespace: string,
  signal: AbortSignal,
): Promise<Verdict[]> {
  const validate = new ObjectValidator({ transport: server.transport, namespace, keeps: ({ kind }) => !remoteKinds.has(kind), signal })
  const verdicts = new Map<Manifest, Verdict>()
  const ordered = inOrder(manifests)
  const validateThose = async (those: (manifest: Manifest) => boolean) => {
    for (const manifest of ordered)
      if (!verdicts.has(manifest) && those(manifest)) verdicts.set(manifest, await validate.validate(manifest))
  }
  // Objects that the manifests define are used as they are; objects that they only refer to are created as a cluster would.
  await validateThose(({ kind }) => firstKinds.has(kind))
  await prepareNamespaces(server, manifests, namespace)
  await validateThose(({ kind }) => policyKinds.has(kind))
  await validateThose(({ kind }) => kind === 'ServiceAccount')
  await prepareAccounts(server, manifests, namespace)
  await validateThose(() => true)
  return manifests.map(manifest => {
    const verdict = verdicts.get(manifest) ?? { outcome: 'unknown-kind' }
    return remoteKinds.has(manifest.kind)
      ? { ...verdict, instead: 'the server behind this webhook or APIService does not run here, so its rules were not applied' }
      : verdict
  })
}

/** Creates missing namespaces of the manifests, and gives each namespace what a new one gets. */
export async function prepareNamespaces(server: OfflineServer, manifests: readonly Manifest[], namespace: string): Promise<void> {
  await server.prepare(
    accountsOf(manifests, namespace).map(account => ({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: account.namespace } })),
  )
  await server.finishNamespaces()
}

/** Creates missing ServiceAccounts that the manifests need. */
export async function prepareAccounts(server: OfflineServer, manifests: readonly Manifest[], namespace: string): Promise<void> {
  await server.prepare(
    accountsOf(manifests, namespace).map(metadata => ({ apiVersion: 'v1', kind: 'ServiceAccount', metadata: { ...metadata } })),
  )
}
