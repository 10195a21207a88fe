// The verdict of a new cluster in which all of the manifests are applied, in an order that gives each what it needs.
import { type Features, noFeatures } from '../../api/features.ts'
import type { Profile } from '../../base/config.ts'
import { UserError } from '../../base/user-error.ts'
import { accountsOf } from './accounts.ts'
import type { Manifest } from './manifests.ts'
import { ObjectValidator } from './object-validator.ts'
import { type OfflineServer, openOffline } from './offline.ts'
import { firstKinds, inOrder, remoteKinds } from './order.ts'
import type { Verdict } from './verdict.ts'

export interface OfflineOptions {
  readonly profile: Profile
  readonly namespace: string
  /** Default: what is off by default is off. */
  readonly features?: Features
  /** CustomResourceDefinitions that are there before the manifests. */
  readonly definitions?: readonly Manifest[]
}

/** In the order of the manifests. */
export async function validateOffline(
  manifests: readonly Manifest[],
  { profile, namespace, features = noFeatures, definitions = [] }: OfflineOptions,
  signal: AbortSignal,
): Promise<Verdict[]> {
  const roles = manifests.some(({ apiVersion }) => apiVersion.startsWith('rbac.authorization.k8s.io/'))
  await using server = await openOffline({ profile, roles, features }, signal)
  const defined = await applyOffline(server, definitions, namespace, signal)
  for (const [index, verdict] of defined.entries()) {
    if (verdict.outcome !== 'refused') continue
    const { document, name } = definitions[index] ?? { document: { file: '' }, name: '' }
    throw new UserError(
      `Cannot use CustomResourceDefinition "${name}" of "${document.file}": ${verdict.status.message ?? verdict.status.reason}`,
    )
  }
  return await applyOffline(server, manifests, namespace, signal)
}

/** Applies them to an open server: what is admitted stays there. */
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
  // What the manifests define themselves is theirs; what they only name is there as a cluster would have it.
  await validateThose(({ kind }) => firstKinds.has(kind))
  await prepareNamespaces(server, manifests, namespace)
  await validateThose(({ kind }) => kind === 'ServiceAccount')
  await prepareAccounts(server, manifests, namespace)
  await validateThose(() => true)
  return manifests.map(manifest => {
    const verdict = verdicts.get(manifest) ?? { outcome: 'unknown-kind' }
    return remoteKinds.has(manifest.kind)
      ? { ...verdict, instead: 'the server behind it does not run here, so its rules were not applied' }
      : verdict
  })
}

/** Makes the namespaces that the manifests are in, where they are missing, and gives all of them what new ones get. */
export async function prepareNamespaces(server: OfflineServer, manifests: readonly Manifest[], namespace: string): Promise<void> {
  await server.prepare(
    accountsOf(manifests, namespace).map(account => ({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: account.namespace } })),
  )
  await server.finishNamespaces()
}

/** Makes the accounts that the manifests need, where they are missing. */
export async function prepareAccounts(server: OfflineServer, manifests: readonly Manifest[], namespace: string): Promise<void> {
  await server.prepare(
    accountsOf(manifests, namespace).map(metadata => ({ apiVersion: 'v1', kind: 'ServiceAccount', metadata: { ...metadata } })),
  )
}
