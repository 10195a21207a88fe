// The files of configMap, secret, downwardAPI and projected volumes. Tokens and objects are inputs; nothing is written here.

import { isTokenVolume, needsRight, waitsForRight } from '../../api/pods/token-right.ts'
import { isReason } from '../../api/status.ts'
import type { ConfigMap, DownwardAPIVolumeFile, KeyToPath, Pod, Secret, Volume, VolumeProjection } from '../../api/types/core-v1.ts'
import { writeJson } from '../../base/write-json.ts'
import type { ObjectSource } from '../container/environment.ts'
import { type NodeAllocatable, type PodAddresses, podField, resourceField } from '../container/field-values.ts'
import type { VolumeFile } from './atomic-writer.ts'
import type { ClaimSource } from './claim-volume.ts'

export interface TokenSource {
  /** A bound token of the pod's service account; its owner renews it before it expires. */
  token(pod: Pod, audience: string, expirationSeconds: number, signal: AbortSignal): Promise<string>
}

export interface VolumeContext {
  readonly pod: Pod
  readonly objects: ObjectSource
  readonly tokens: TokenSource
  readonly claims: ClaimSource
  readonly addresses: PodAddresses
  readonly node: NodeAllocatable
}

type Files = Map<string, VolumeFile>

const defaultMode = 0o644

/** Undefined if the volume is not made of API data. Rejects with upstream's text if an object that it names is missing. */
export async function volumeFiles(volume: Volume, context: VolumeContext, signal: AbortSignal): Promise<Files | undefined> {
  const { configMap, secret, downwardAPI, projected } = volume
  const namespace = context.pod.metadata.namespace ?? ''
  const files: Files = new Map()
  if (configMap) await addConfigMap(files, configMap, configMap.defaultMode ?? defaultMode, namespace, context, signal)
  else if (secret) {
    const source = { ...secret, name: secret.secretName ?? '' }
    await addSecret(files, source, secret.defaultMode ?? defaultMode, namespace, context, signal)
  } else if (downwardAPI) addDownward(files, downwardAPI.items ?? [], downwardAPI.defaultMode ?? defaultMode, context)
  else if (projected) {
    const withoutToken = isTokenVolume(volume) && waitsForRight(context.pod)
    for (const source of projected.sources ?? []) {
      if (source.serviceAccountToken && withoutToken) continue
      try {
        await addProjection(files, source, projected.defaultMode ?? defaultMode, namespace, context, signal)
      } catch (err) {
        // The account has lost its rights: remove the file and let the pod run on.
        if (!(isTokenVolume(volume) && needsRight(context.pod) && isReason(err, 'Forbidden'))) throw err
      }
    }
  } else return undefined
  return files
}

async function addProjection(
  files: Files,
  { configMap, secret, downwardAPI, serviceAccountToken, clusterTrustBundle }: VolumeProjection,
  mode: number,
  namespace: string,
  context: VolumeContext,
  signal: AbortSignal,
): Promise<void> {
  if (configMap) await addConfigMap(files, configMap, mode, namespace, context, signal)
  if (secret) await addSecret(files, secret, mode, namespace, context, signal)
  if (downwardAPI) addDownward(files, downwardAPI.items ?? [], mode, context)
  if (serviceAccountToken) {
    const { audience = '', expirationSeconds = 3600, path } = serviceAccountToken
    const token = await context.tokens.token(context.pod, audience, expirationSeconds, signal)
    files.set(path, { content: Buffer.from(token), ...tokenOwner(context.pod, mode) })
  }
  if (clusterTrustBundle) throw new Error('projected source clusterTrustBundle is not supported on this node')
}

/** Upstream's rule: 0600 and the uid of all containers, if there is one; with fsGroup 0600, which the group extends. */
function tokenOwner({ spec }: Pod, mode: number): { mode: number; uid?: number } {
  const containers = [...spec.containers, ...(spec.initContainers ?? [])]
  const uids = new Set(containers.map(({ securityContext }) => securityContext?.runAsUser ?? spec.securityContext?.runAsUser))
  const [uid] = uids
  if (uids.size === 1 && uid !== undefined) return { mode: 0o600, uid }
  return { mode: spec.securityContext?.fsGroup === undefined ? mode : 0o600 }
}

interface NamedSource {
  readonly name?: string
  readonly items?: KeyToPath[]
  readonly optional?: boolean
}

async function addConfigMap(
  files: Files,
  source: NamedSource,
  mode: number,
  namespace: string,
  { objects }: VolumeContext,
  signal: AbortSignal,
): Promise<void> {
  const name = source.name ?? ''
  const found = await objects.configMap(namespace, name, signal)
  if (!found && !source.optional) throw new Error(`configmap ${writeJson(name)} not found`)
  addKeys(files, found ? configMapContent(found) : new Map(), source, mode, 'configmap')
}

async function addSecret(
  files: Files,
  source: NamedSource,
  mode: number,
  namespace: string,
  { objects }: VolumeContext,
  signal: AbortSignal,
): Promise<void> {
  const name = source.name ?? ''
  const found = await objects.secret(namespace, name, signal)
  if (!found && !source.optional) throw new Error(`secret ${writeJson(name)} not found`)
  addKeys(files, found ? secretContent(found) : new Map(), source, mode, 'secret')
}

function configMapContent({ data, binaryData }: ConfigMap): Map<string, Buffer> {
  return new Map([
    ...Object.entries(data ?? {}).map(([key, value]) => [key, Buffer.from(value)] as const),
    ...Object.entries(binaryData ?? {}).map(([key, value]) => [key, Buffer.from(value, 'base64')] as const),
  ])
}

function secretContent({ data }: Secret): Map<string, Buffer> {
  return new Map(Object.entries(data ?? {}).map(([key, value]) => [key, Buffer.from(value, 'base64')]))
}

function addKeys(files: Files, content: ReadonlyMap<string, Buffer>, { items, optional }: NamedSource, mode: number, kind: string): void {
  if (!items || items.length === 0) {
    for (const [key, bytes] of content) files.set(key, { content: bytes, mode })
    return
  }
  for (const { key, path, mode: own } of items) {
    const bytes = content.get(key)
    if (bytes) files.set(path, { content: bytes, mode: own ?? mode })
    else if (!optional)
      throw new Error(
        `${kind === 'secret' ? 'references non-existent secret key' : 'configmap references non-existent config key'}: ${key}`,
      )
  }
}

function addDownward(files: Files, items: readonly DownwardAPIVolumeFile[], mode: number, { pod, addresses, node }: VolumeContext): void {
  for (const { path, fieldRef, resourceFieldRef, mode: own } of items) {
    const text = fieldRef
      ? podField(pod, fieldRef, addresses)
      : resourceFieldRef
        ? resourceField(pod, resourceFieldRef, resourceFieldRef.containerName ?? '', node)
        : ''
    files.set(path, { content: Buffer.from(text), mode: own ?? mode })
  }
}
