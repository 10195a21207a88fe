// What a machine that joins the control plane gets, sealed.
import { isIP } from 'node:net'
import { isJsonObject, parseJson } from '../../base/json.ts'
import { writeJson } from '../../base/write-json.ts'
import { type ControlPlaneRecord, controlPlaneOf } from '../up/control-plane-record.ts'

export interface Bundle {
  /** Files of the signer's folder, in base64. */
  readonly keys: Readonly<Record<string, string>>
  readonly record: ControlPlaneRecord
  readonly settings: SharedSettings
}

/** What all servers of a cluster must have in common. */
export interface SharedSettings {
  readonly profile: 'secure' | 'upstream'
  readonly port: number
  readonly serviceClusterIpRange: string
}

export const bundleBytes = (bundle: Bundle): Buffer => Buffer.from(writeJson(bundle))

/** The first machine wrote it; an error means that it runs another version. */
export function bundleOf(bytes: Buffer): Bundle {
  const value = parseJson(bytes.toString('utf8'))
  const { keys, record, settings } = isJsonObject(value) ? value : {}
  const parsed = controlPlaneOf(writeJson(record ?? null))
  const shared = isJsonObject(settings) ? settings : {}
  const { profile, port, serviceClusterIpRange } = shared
  const isComplete =
    isJsonObject(keys) &&
    Object.values(keys).every(content => typeof content === 'string') &&
    parsed !== undefined &&
    isIP(parsed.address) !== 0 &&
    (profile === 'secure' || profile === 'upstream') &&
    typeof port === 'number' &&
    typeof serviceClusterIpRange === 'string'
  if (!isComplete) throw new Error('The first machine runs another version of Bulkhead: run the same one on both')
  return { keys: keys as Record<string, string>, record: parsed, settings: { profile, port, serviceClusterIpRange } }
}
