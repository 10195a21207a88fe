// Records of the Open Source Vulnerability format (ossf.github.io/osv-schema, 1.6), as osv.dev, GitHub, Go, PyPA, RustSec, Ubuntu and others publish.
import { UserError } from '../../../base/user-error.ts'
import { writeJson } from '../../../base/write-json.ts'
import { parseBoundedJson } from '../../oci/bounded-json.ts'
import { versionOrders } from '../../versions/index.ts'
import { type Advisory, type AffectedPackage, cvesAmong, type RangeEvent, summaryOf } from '../advisory.ts'
import { evaluateAffected } from '../affects.ts'
import { baseScoreV2 } from '../cvss/base-score-v2.ts'
import { baseScoreV3 } from '../cvss/base-score-v3.ts'
import { baseScoreV4 } from '../cvss/base-score-v4.ts'
import { severityOfScore, severityOfWord } from '../cvss/severity-of-score.ts'
import { advisoryName, ecosystemOfOsv, packageTypeOf } from '../ecosystems.ts'
import type { Severity } from '../finding.ts'
import { type JsonObject, listAt, objectAt, optionalObjectAt, optionalTextAt, textAt, textsAt, timeAt } from '../record-fields.ts'
import { type FeedContent, type FeedFormat, maxDocumentBytes } from './feed-format.ts'

export const osv: FeedFormat = {
  name: 'osv',
  brief: 'records of osv.dev: all.zip of an ecosystem, or a folder of JSON',
  read: ({ name, bytes }) => {
    const parsed = parseBoundedJson(bytes, maxDocumentBytes, `"${name}"`)
    const records = Array.isArray(parsed) ? parsed : [parsed]
    const contents = records.map((record, index) => readOsvRecord(record, Array.isArray(parsed) ? `"${name}": [${index}]` : `"${name}"`))
    const times = contents.flatMap(({ time }) => time ?? [])
    return { advisories: contents.flatMap(({ advisories = [] }) => [...advisories]), ...(times.length > 0 && { time: Math.max(...times) }) }
  },
}

const eventKinds = { introduced: 'introduced', fixed: 'fixed', last_affected: 'lastAffected', limit: 'limit' } as const

/** Withdrawn records, and those of no ecosystem of ours, have no advisories. `where` names the record until its id is known. */
export function readOsvRecord(value: unknown, where: string): FeedContent {
  const record = objectAt(value, where)
  const id = textAt(record['id'], `${where}: id`)
  const at = `${where}: record "${id}"`
  const time = timeAt(record['modified'], `${at}: modified`)
  if (optionalTextAt(record['withdrawn'], `${at}: withdrawn`) !== undefined) return { time }
  const parts = listAt(record['affected'], `${at}: affected`).map((part, index) => readAffected(part, `${at}: affected[${index}]`))
  const affected = parts.flatMap(part => (part === undefined ? [] : [part]))
  if (affected.length === 0) return { time }
  const aliases = [...textsAt(record['aliases'], `${at}: aliases`), ...textsAt(record['upstream'], `${at}: upstream`)]
  const advisory: Advisory = {
    id,
    cves: cvesAmong([id, ...aliases, ...cveInId(id)]),
    ...rating(record, affected, at),
    ...optional(
      'summary',
      summaryOf(optionalTextAt(record['summary'], `${at}: summary`) ?? optionalTextAt(record['details'], `${at}: details`)),
    ),
    affected: affected.map(({ package: one }) => one),
  }
  return { advisories: [advisory], time }
}

const optional = <Name extends string, Value>(name: Name, value: Value | undefined) =>
  (value === undefined ? {} : { [name]: value }) as { readonly [key in Name]?: Value }

/** Ubuntu's and Debian's records are named after a CVE: `UBUNTU-CVE-2024-1`. */
const cveInId = (id: string): readonly string[] => (id.includes('-CVE-') ? [id.slice(id.indexOf('-CVE-') + 1)] : [])

interface Affected {
  readonly package: AffectedPackage
  /** Words and vectors about its severity. */
  readonly severity: unknown
  readonly specific: JsonObject
}

function readAffected(value: unknown, where: string): Affected | undefined {
  const part = objectAt(value, where)
  // Records about commits of a repository name no package.
  if (part['package'] === undefined || part['package'] === null) return undefined
  const named = objectAt(part['package'], `${where}.package`)
  const ecosystem = ecosystemOfOsv(textAt(named['ecosystem'], `${where}.package.ecosystem`))
  const name = textAt(named['name'], `${where}.package.name`)
  const type = ecosystem === undefined ? undefined : packageTypeOf(ecosystem)
  if (ecosystem === undefined || type === undefined) return undefined
  const ranges = listAt(part['ranges'], `${where}.ranges`).flatMap((range, index) => readRange(range, `${where}.ranges[${index}]`))
  const versions = textsAt(part['versions'], `${where}.versions`)
  // Most lists only write out the ranges.
  const extra = versions.filter(version => evaluateAffected(version, { ranges, versions: [] }, versionOrders[type]).affected !== true)
  return {
    package: { ecosystem, name: advisoryName(type, name), ranges, versions: extra },
    severity: part['severity'],
    specific: {
      ...optionalObjectAt(part['database_specific'], `${where}.database_specific`),
      ...optionalObjectAt(part['ecosystem_specific'], `${where}.ecosystem_specific`),
    },
  }
}

function readRange(value: unknown, where: string): readonly (readonly RangeEvent[])[] {
  const range = objectAt(value, where)
  const type = textAt(range['type'], `${where}.type`)
  const events = listAt(range['events'], `${where}.events`).map((event, index) => readEvent(event, `${where}.events[${index}]`))
  if (type === 'GIT') return []
  if (type !== 'SEMVER' && type !== 'ECOSYSTEM')
    throw new UserError(`${where}.type must be SEMVER, ECOSYSTEM or GIT, got ${writeJson(type)}`)
  if (!events.some(([kind]) => kind === 'introduced')) throw new UserError(`${where}.events must have "introduced"`)
  return [events]
}

function readEvent(value: unknown, where: string): RangeEvent {
  const members = Object.entries(objectAt(value, where))
  const [[name, version] = ['', '']] = members
  const kind = Object.hasOwn(eventKinds, name) ? eventKinds[name as keyof typeof eventKinds] : undefined
  if (kind === undefined || members.length !== 1)
    throw new UserError(
      `${where} must be an object with one of ${Object.keys(eventKinds).join(', ')}, got ${writeJson(Object.keys(members))}`,
    )
  return [kind, textAt(version, `${where}.${name}`)]
}

/** The highest score of the record's vectors, else of its packages'; without one, the word of the source. */
function rating(
  record: JsonObject,
  affected: readonly Affected[],
  where: string,
): { readonly severity: Severity; readonly score?: number } {
  const lists = [record['severity'], ...affected.map(({ severity }) => severity)].map(value => readSeverities(value, `${where}: severity`))
  const score = lists.map(list => list.score).find(value => value !== undefined)
  if (score !== undefined) return { severity: severityOfScore(score), score }
  const specific = optionalObjectAt(record['database_specific'], `${where}: database_specific`)
  const words = [specific['severity'], ...affected.flatMap(part => [part.specific['severity'], part.specific['urgency']])]
  const rated = [...lists.map(list => list.severity), ...words.map(word => severityOfWord(typeof word === 'string' ? word : undefined))]
  return { severity: rated.find(severity => severity !== 'unknown') ?? 'unknown' }
}

function readSeverities(value: unknown, where: string): { readonly score?: number; readonly severity: Severity } {
  let score: number | undefined
  let severity: Severity = 'unknown'
  for (const [index, item] of listAt(value, where).entries()) {
    const rated = objectAt(item, `${where}[${index}]`)
    const text = textAt(rated['score'], `${where}[${index}].score`)
    const found = baseScoreV3(text) ?? baseScoreV4(text) ?? baseScoreV2(text)
    if (found !== undefined) score = Math.max(score ?? 0, found)
    else severity = severityOfWord(text)
  }
  return { severity, ...optional('score', score) }
}
