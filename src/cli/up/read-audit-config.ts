// Reads an AuditConfiguration and the files that it names before anything starts: epochs, witnesses, sinks and readers of the audit log.

import { X509Certificate } from 'node:crypto'
import { resolve } from 'node:path'
import type {
  AuditOutputsSettings,
  AuditTlsEndpoint,
  SealSettings,
  SinkSettings,
  WitnessSettings,
} from '../../access/audit/outputs/audit-outputs-settings.ts'
import { type Fail, onlyFields } from '../../api/schema/strict-yaml.ts'
import type { Config } from '../../base/config/config.ts'
import { parseGoDuration } from '../../base/config/go-duration.ts'
import { decodeBech32 } from '../../base/data/bech32.ts'
import { isJsonObject, isTexts } from '../../base/json.ts'
import { cosignatureType, MalformedNote, parseKey } from '../../base/tlog/note.ts'
import { messageOf, UserError } from '../../base/user-error.ts'
import { writeJson } from '../../base/write-json.ts'
import { readSettingsText } from './settings-text.ts'

const apiVersion = 'audit.bulkhead.dev/v1'
const maxOutputs = 16
const maxSeals = 256
const maxRecipients = 16
const minEpochMs = 1000
const maxEpochMs = 7 * 86_400_000
const syslogPort = 6514

type Fields = Readonly<Record<string, unknown>>

/** Undefined if no file is set. */
export async function auditOutputsOf({
  auditConfigFile: file,
}: Pick<Config, 'auditConfigFile'>): Promise<AuditOutputsSettings | undefined> {
  if (file === undefined) return undefined
  const text = readSettingsText(file, `the audit configuration "${file}"`)
  // Loaded only if needed, because it brings a YAML parser.
  const { strictYaml } = await import('../../api/schema/strict-yaml.ts')
  const fail: Fail = what => {
    throw new UserError(`Cannot use the audit configuration "${file}": ${what}`)
  }
  return new Reader(fail).read(strictYaml(text, fail))
}

class Reader {
  readonly #fail: Fail

  constructor(fail: Fail) {
    this.#fail = fail
  }

  read(value: unknown): AuditOutputsSettings {
    const root = this.#object(value, 'it', ['apiVersion', 'kind', 'epoch', 'witnesses', 'sinks', 'seal'])
    if (root['apiVersion'] !== apiVersion || root['kind'] !== 'AuditConfiguration')
      return this.#fail(`it must be an AuditConfiguration of ${apiVersion}`)
    const witnesses = this.#list(root, 'witnesses', maxOutputs).map((each, at) => this.#witness(each, `witnesses[${at}]`))
    const sinks = this.#list(root, 'sinks', maxOutputs).map((each, at) => this.#sink(each, `sinks[${at}]`))
    for (const [kind, names] of Object.entries({ witnesses, sinks }))
      if (new Set(names.map(({ name }) => name)).size < names.length) return this.#fail(`${kind} must have different names`)
    const seal = this.#list(root, 'seal', maxSeals).map((each, at) => this.#seal(each, `seal[${at}]`))
    return { epochMs: this.#epoch(root['epoch']), witnesses, sinks, seal }
  }

  #epoch(value: unknown): number | undefined {
    if (value === undefined) return undefined
    const ms = typeof value === 'string' ? parseGoDuration(value) : Number.NaN
    return typeof ms === 'number' && ms >= minEpochMs && ms <= maxEpochMs
      ? ms
      : this.#fail(`epoch must be a duration from 1s to 168h, such as 1h, got ${writeJson(value)}`)
  }

  #object(value: unknown, at: string, fields: readonly string[]): Fields {
    if (!isJsonObject(value)) return this.#fail(`${at} must be an object`)
    onlyFields(value, fields, at === 'it' ? '' : at, this.#fail)
    return value
  }

  #list(value: Fields, field: string, most: number): readonly unknown[] {
    const list = value[field] ?? []
    if (!Array.isArray(list)) return this.#fail(`${field} must be a list`)
    return list.length <= most ? list : this.#fail(`${field} has ${list.length} entries, at most ${most} are read`)
  }

  #text(value: Fields, field: string, at: string): string {
    const text = value[field]
    return typeof text === 'string' && text !== '' ? text : this.#fail(`${at}.${field} must be a text`)
  }

  #name(value: Fields, at: string): string {
    const name = this.#text(value, 'name', at)
    return /^[a-z0-9]([-a-z0-9.]{0,61}[a-z0-9])?$/.test(name)
      ? name
      : this.#fail(`${at}.name must have 1 to 63 of a-z, 0-9, "-" and ".", got ${writeJson(name)}`)
  }

  #witness(value: unknown, at: string): WitnessSettings {
    const fields = this.#object(value, at, ['name', 'file', 'url', 'key', 'caFile'])
    const name = this.#name(fields, at)
    if (fields['file'] !== undefined) {
      this.#object(value, at, ['name', 'file'])
      return { name, file: resolve(this.#text(fields, 'file', at)) }
    }
    const key = this.#text(fields, 'key', at)
    try {
      if (parseKey(key).type !== cosignatureType) return this.#fail(`${at}.key must be a key for cosignatures (type 4)`)
    } catch (err) {
      if (err instanceof MalformedNote) return this.#fail(`${at}.key: ${err.message}`)
      throw err
    }
    return { name, key, endpoint: this.#endpoint(fields, at) }
  }

  #endpoint(fields: Fields, at: string): AuditTlsEndpoint {
    const url = this.#text(fields, 'url', at)
    const parsed = URL.parse(url)
    if (parsed?.protocol !== 'https:' || parsed.username !== '' || parsed.search !== '')
      return this.#fail(`${at}.url must be an https:// address without user and query, got ${writeJson(url)}`)
    const token = fields['tokenFile'] === undefined ? undefined : this.#file(fields, 'tokenFile', at).trim()
    if (token !== undefined && !/^[\x21-\x7e]{1,4096}$/.test(token))
      return this.#fail(`${at}.tokenFile must have one token of printable characters`)
    return { url, authorities: this.#authorities(fields, at), token }
  }

  #authorities(fields: Fields, at: string): string | undefined {
    if (fields['caFile'] === undefined) return undefined
    const pem = this.#file(fields, 'caFile', at)
    try {
      new X509Certificate(pem)
      return pem
    } catch (err) {
      return this.#fail(`${at}.caFile has no PEM certificate: ${messageOf(err)}`)
    }
  }

  #file(fields: Fields, field: string, at: string): string {
    const path = this.#text(fields, field, at)
    return readSettingsText(path, `${at}.${field} "${path}"`)
  }

  #sink(value: unknown, at: string): SinkSettings {
    const fields = this.#object(value, at, ['name', 'webhook', 'otlp', 'syslog'])
    const name = this.#name(fields, at)
    const kinds = (['webhook', 'otlp', 'syslog'] as const).filter(each => fields[each] !== undefined)
    const [kind] = kinds
    if (kind === undefined || kinds.length > 1) return this.#fail(`${at} must have one of webhook, otlp and syslog`)
    const inner = `${at}.${kind}`
    if (kind !== 'syslog')
      return { name, kind, endpoint: this.#endpoint(this.#object(fields[kind], inner, ['url', 'caFile', 'tokenFile']), inner) }
    const target = this.#object(fields[kind], inner, ['host', 'port', 'caFile'])
    const port = target['port'] ?? syslogPort
    if (typeof port !== 'number' || !Number.isInteger(port) || port < 1 || port > 65_535)
      return this.#fail(`${inner}.port must be 1 to 65535`)
    return { name, kind, host: this.#text(target, 'host', inner), port, authorities: this.#authorities(target, inner) }
  }

  #seal(value: unknown, at: string): SealSettings {
    const fields = this.#object(value, at, ['namespaces', 'recipients'])
    const { namespaces = [], recipients = [] } = fields
    if (!isTexts(namespaces) || namespaces.length > maxSeals) return this.#fail(`${at}.namespaces must be a list of names`)
    if (!isTexts(recipients) || recipients.length === 0 || recipients.length > maxRecipients)
      return this.#fail(`${at}.recipients must be 1 to ${maxRecipients} public keys of age (age1…)`)
    return {
      namespaces,
      recipients: recipients.map(text => {
        const bytes = decodeBech32('age', text)
        return bytes?.length === 32
          ? bytes.toString('base64')
          : this.#fail(`${at}.recipients: ${writeJson(text)} is no X25519 key of age (age1…)`)
      }),
    }
  }
}
