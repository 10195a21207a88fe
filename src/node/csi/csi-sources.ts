// What the agent reads in the API for a volume of a CSI driver: the CSIDriver, the attachment, secrets, and tokens of the pod.
import { isReason } from '../../api/status.ts'
import type { Pod } from '../../api/types/core-v1.ts'
import type { CSIDriver, VolumeAttachment } from '../../api/types/storage-v1.ts'
import { attachmentName } from '../../api/volumes/csi-volume-names.ts'
import type { Clock } from '../../base/clock.ts'
import { safeDetails } from '../../base/csi/csi-error.ts'
import { isJsonObject, parseJson } from '../../base/json.ts'
import { UserError } from '../../base/user-error.ts'
import { writeJson } from '../../base/write-json.ts'
import type { Client } from '../../client/client.ts'
import { csiDrivers, secrets, volumeAttachments } from '../../client/resources.ts'
import type { TokenSource } from '../volumes/volume-files.ts'
import type { SecretName } from './csi-requests.ts'

/** Undefined if the cluster has no such object; drivers work without. */
export async function driverObject(client: Client, name: string, signal: AbortSignal): Promise<CSIDriver | undefined> {
  try {
    return await client.get(csiDrivers, '', name, signal)
  } catch (err) {
    if (isReason(err, 'NotFound')) return undefined
    throw err
  }
}

/** A pass of the pod waits this long for the attachment; its next pass goes on waiting. */
const attachMs = 4000
const attachPollMs = 150

/** The context that the driver's ControllerPublishVolume gave. Rejects with a UserError that says what is missing. */
export async function attachedContext(
  { client, nodeName, clock }: { readonly client: Client; readonly nodeName: string; readonly clock: Clock },
  { driver, volumeId }: { readonly driver: string; readonly volumeId: string },
  signal: AbortSignal,
): Promise<Readonly<Record<string, string>>> {
  const name = attachmentName(volumeId, driver, nodeName)
  for (const began = clock.monotonic(); ; await clock.sleep(attachPollMs, signal)) {
    const found = await attachmentOf(client, name, signal)
    const { attached = false, attachError, attachmentMetadata = {} } = found?.status ?? {}
    if (found !== undefined && found.metadata.deletionTimestamp !== undefined && clock.monotonic() - began >= attachMs)
      throw new UserError(`the volume is being detached from this node by driver "${driver}": VolumeAttachment "${name}" is being deleted`)
    if (attached && found?.metadata.deletionTimestamp === undefined) return attachmentMetadata
    if (clock.monotonic() - began < attachMs) continue
    if (attachError?.message !== undefined)
      throw new UserError(`driver "${driver}" could not attach the volume to this node: ${safeDetails(attachError.message, [])}`)
    throw new UserError(
      found === undefined
        ? `the volume of driver "${driver}" is not attached to this node: there is no VolumeAttachment "${name}" yet`
        : `driver "${driver}" has not attached the volume to this node yet (VolumeAttachment "${name}")`,
    )
  }
}

/** A node may read only attachments of its own: one that is not there may also be forbidden. */
async function attachmentOf(client: Client, name: string, signal: AbortSignal): Promise<VolumeAttachment | undefined> {
  try {
    return await client.get(volumeAttachments, '', name, signal)
  } catch (err) {
    if (isReason(err, 'NotFound') || isReason(err, 'Forbidden')) return undefined
    throw err
  }
}

/** The texts of a Secret for a driver; they are never logged. */
export async function secretTexts(
  client: Client,
  from: SecretName | undefined,
  signal: AbortSignal,
): Promise<Readonly<Record<string, string>>> {
  if (from === undefined) return {}
  const { data = {} } = await client.get(secrets, from.namespace, from.name, signal)
  return Object.fromEntries(Object.entries(data).map(([key, value]) => [key, Buffer.from(value, 'base64').toString('utf8')]))
}

/** Upstream's default for a driver that names no lifetime. */
const usualSeconds = 3600

/** The text of `tokensKey`; undefined if the driver requests no tokens. */
export async function podTokens(
  source: TokenSource,
  object: CSIDriver | undefined,
  pod: Pod,
  signal: AbortSignal,
): Promise<string | undefined> {
  const requests = object?.spec.tokenRequests ?? []
  if (requests.length === 0) return undefined
  const tokens: [string, { token: string; expirationTimestamp: string }][] = []
  for (const { audience, expirationSeconds } of requests) {
    const token = await source.token(pod, audience, expirationSeconds ?? usualSeconds, signal)
    tokens.push([audience, { token, expirationTimestamp: expiryOf(token) }])
  }
  return writeJson(Object.fromEntries(tokens))
}

/** Of our own server's token. */
function expiryOf(token: string): string {
  const claims = parseJson(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString('utf8'))
  const exp = isJsonObject(claims) && typeof claims['exp'] === 'number' ? claims['exp'] : 0
  return new Date(exp * 1000).toISOString().replace('.000Z', 'Z')
}
