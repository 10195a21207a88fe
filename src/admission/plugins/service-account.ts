// Gives each pod a ServiceAccount, its pull secrets, and a bound token once the account has a grant.

import { isMirrorPod } from '../../api/pods/mirror-pod.ts'
import { podReferences } from '../../api/pods/pod-references.ts'
import { isTokenVolume, tokenAnnotation, tokenVolumeName, withFirstRight } from '../../api/pods/token-right.ts'
import { forbidden } from '../../api/status.ts'
import type { StoreReader } from '../../api/store-view.ts'
import type { Container, EphemeralContainer, Pod, ServiceAccount, Volume } from '../../api/types/core-v1.ts'
import { type AdmissionRequest, admitted, type Verdict } from '../admission.ts'
import type { ObjectWaiter } from '../object-waiter.ts'
import type { PluginDefinition, PluginSteps } from '../plugin-definition.ts'

const mountPath = '/var/run/secrets/kubernetes.io/serviceaccount'
const enforceMountable = 'kubernetes.io/enforce-mountable-secrets'
/** An hour plus the seven seconds by which upstream marks its own requests. */
const tokenSeconds = 3607

export interface ServiceAccountOptions {
  readonly reader: StoreReader
  readonly waiter: ObjectWaiter
  /** Five characters for the name of the volume. */
  randomSuffix(): string
  /** In the upstream profile a pod gets a token at once, whatever rights the account has. */
  readonly profile: 'secure' | 'upstream'
  /** Whether RBAC grants the account anything. */
  hasRights(namespace: string, name: string): boolean
}

export const serviceAccount: PluginDefinition<ServiceAccountOptions> = {
  name: 'ServiceAccount',
  does: "Adds a ServiceAccount, its pull secrets and a bound token to each pod; the token is mounted with the account's first right",
  on: 'always',
  guard: 'pods run without an account, and use accounts and secrets without permission',
  handles: [
    { operations: ['CREATE'], resources: ['pods'] },
    { operations: ['UPDATE'], resources: ['pods/ephemeralcontainers'] },
  ],
  status: [{ name: 'tokens only for ServiceAccounts with an RBAC grant', note: '', proofs: ['A7'] }],
  create,
}

function create(options: ServiceAccountOptions): PluginSteps {
  const { reader, waiter, profile } = options
  const find = (namespace: string, name: string) => reader.get('serviceaccounts', namespace, name) as ServiceAccount | undefined
  const refuse = (request: AdmissionRequest, why: string): Verdict => ({
    allowed: false,
    error: forbidden(request.resource, request.name, why),
  })

  function mountToken(pod: Pod, account: ServiceAccount): void {
    const asked = pod.spec.automountServiceAccountToken ?? account.automountServiceAccountToken
    if (asked === false) return
    if (asked === undefined && profile === 'secure' && !options.hasRights(account.metadata.namespace ?? '', account.metadata.name ?? ''))
      pod.metadata.annotations = { ...pod.metadata.annotations, [tokenAnnotation]: withFirstRight }
    const containers: Container[] = [...(pod.spec.initContainers ?? []), ...pod.spec.containers]
    const waiting = containers.filter(({ volumeMounts }) => !volumeMounts?.some(mount => mount.mountPath === mountPath))
    const existing = pod.spec.volumes?.find(isTokenVolume)
    const name = existing?.name ?? tokenVolumeName(options.randomSuffix())
    for (const container of waiting) container.volumeMounts = [...(container.volumeMounts ?? []), { name, readOnly: true, mountPath }]
    if (waiting.length > 0 && existing === undefined) pod.spec.volumes = [...(pod.spec.volumes ?? []), tokenVolume(name)]
  }

  function complete(pod: Pod, account: ServiceAccount | undefined): void {
    if (account === undefined) return
    mountToken(pod, account)
    if (!pod.spec.imagePullSecrets?.length && account.imagePullSecrets?.length)
      pod.spec.imagePullSecrets = account.imagePullSecrets.map(({ name }) => ({ name }))
  }

  return {
    handles: ({ operation, oldObject }) => operation === 'CREATE' || oldObject !== undefined,
    async mutate(request, signal) {
      if (request.operation !== 'CREATE' || request.object === undefined) return
      const pod = request.object as Pod
      if (isMirrorPod(pod)) return validateNow(request)
      if (!pod.spec.serviceAccountName) pod.spec.serviceAccountName = 'default'
      pod.spec.serviceAccount = pod.spec.serviceAccountName
      const name = pod.spec.serviceAccountName
      const { namespace } = request
      // A controller creates the account `default` of a new namespace.
      if (name === 'default') await waiter.until('serviceaccounts', () => find(namespace, name) !== undefined, signal)
      complete(pod, find(namespace, name))
      validateNow(request)
    },
    validate: async request => validate(request),
  }

  /** Upstream refuses this before other plug-ins and validation see the pod. */
  function validateNow(request: AdmissionRequest): void {
    const verdict = validate(request)
    if (!verdict.allowed) throw verdict.error
  }

  function validate(request: AdmissionRequest): Verdict {
    const pod = request.object as Pod | undefined
    if (pod === undefined) return admitted
    if (isMirrorPod(pod)) return validateMirror(request, pod)
    const { namespace, name: podName, subresource } = request
    const name = pod.spec.serviceAccountName
    if (!name) return refuse(request, `no service account specified for pod ${namespace}/${pod.metadata.name ?? podName}`)
    const account = find(namespace, name)
    if (account === undefined)
      return refuse(request, `error looking up service account ${namespace}/${name}: serviceaccount "${name}" not found`)
    if (account.metadata.annotations?.[enforceMountable] !== 'true') return admitted
    const foreign = unlistedSecret(pod, account, subresource)
    return foreign === undefined ? admitted : refuse(request, foreign)
  }

  function validateMirror(request: AdmissionRequest, pod: Pod): Verdict {
    if (pod.spec.serviceAccountName) return refuse(request, 'a mirror pod may not reference service accounts')
    if (podReferences(pod).some(({ kind }) => kind === 'secret')) return refuse(request, 'a mirror pod may not reference secrets')
    const projected = pod.spec.volumes?.some(volume => volume.projected?.sources?.some(source => source.serviceAccountToken !== undefined))
    return projected ? refuse(request, 'a mirror pod may not use ServiceAccountToken volume projections') : admitted
  }
}

function tokenVolume(name: string): Volume {
  return {
    name,
    projected: {
      sources: [
        { serviceAccountToken: { expirationSeconds: tokenSeconds, path: 'token' } },
        { configMap: { name: 'kube-root-ca.crt', items: [{ key: 'ca.crt', path: 'ca.crt' }] } },
        { downwardAPI: { items: [{ path: 'namespace', fieldRef: { apiVersion: 'v1', fieldPath: 'metadata.namespace' } }] } },
      ],
      defaultMode: 0o644,
    },
  }
}

/** The first secret that the account does not list, in upstream's words; on the subresource, only ephemeral containers are checked. */
function unlistedSecret(pod: Pod, account: ServiceAccount, subresource: string): string | undefined {
  const mountable = new Set((account.secrets ?? []).map(({ name }) => name ?? ''))
  const pullable = new Set((account.imagePullSecrets ?? []).map(({ name }) => name ?? ''))
  const owner = account.metadata.name
  const ephemeral = pod.spec.ephemeralContainers ?? []
  if (subresource === 'ephemeralcontainers') return unlistedInContainers(ephemeral, 'ephemeral container', mountable, owner)
  for (const volume of pod.spec.volumes ?? []) {
    const { name, secret, projected, csi, flexVolume, iscsi, rbd, cephfs, scaleIO, storageos, azureFile } = volume
    const drivers = [flexVolume, iscsi, rbd, cephfs, scaleIO, storageos].map(driver => driver?.secretRef?.name)
    const projections = (projected?.sources ?? []).map(source => source.secret?.name)
    const isUnlisted = (candidate: string | undefined): boolean => candidate !== undefined && !mountable.has(candidate)
    const refused = (bad: string | undefined): string =>
      `volume with secret.secretName="${bad}" is not allowed because service account ${owner} does not reference that secret`
    if (isUnlisted(secret?.secretName)) return refused(secret?.secretName)
    // Upstream does not check these.
    const bad = [csi?.nodePublishSecretRef?.name, azureFile?.secretName, ...drivers, ...projections].find(isUnlisted)
    if (bad !== undefined) return `${refused(bad)} (volume "${name}")`
  }
  const found =
    unlistedInContainers(pod.spec.initContainers ?? [], 'init container', mountable, owner) ??
    unlistedInContainers(pod.spec.containers, 'container', mountable, owner) ??
    unlistedInContainers(ephemeral, 'ephemeral container', mountable, owner)
  if (found !== undefined) return found
  const index = (pod.spec.imagePullSecrets ?? []).findIndex(reference => !pullable.has(reference.name ?? ''))
  const pull = pod.spec.imagePullSecrets?.[index]?.name
  if (index < 0) return undefined
  return `imagePullSecrets[${index}].name="${pull}" is not allowed because service account ${owner} does not reference that imagePullSecret`
}

function unlistedInContainers(
  containers: readonly (Container | EphemeralContainer)[],
  word: string,
  mountable: ReadonlySet<string>,
  owner: string | undefined,
): string | undefined {
  for (const { name, env, envFrom } of containers) {
    for (const variable of env ?? []) {
      const secret = variable.valueFrom?.secretKeyRef?.name
      if (secret !== undefined && !mountable.has(secret))
        return `${word} ${name} with envVar ${variable.name} referencing secret.secretName="${secret}" is not allowed because service account ${owner} does not reference that secret`
    }
    for (const source of envFrom ?? []) {
      const secret = source.secretRef?.name
      if (secret !== undefined && !mountable.has(secret))
        return `${word} ${name} with envFrom referencing secret.secretName="${secret}" is not allowed because service account ${owner} does not reference that secret`
    }
  }
  return undefined
}
