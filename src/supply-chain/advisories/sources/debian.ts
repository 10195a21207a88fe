// The JSON of Debian's security tracker (security-tracker.debian.org/tracker/data/json): source package, CVE, release.
import { UserError } from '../../../base/user-error.ts'
import { writeJson } from '../../../base/write-json.ts'
import { parseBoundedJson } from '../../oci/bounded-json.ts'
import { compareDebVersions } from '../../versions/deb.ts'
import { type Advisory, type AffectedPackage, cvesAmong, summaryOf } from '../advisory.ts'
import { severityOfWord } from '../cvss/severity-of-score.ts'
import { membersAt, objectAt, optionalTextAt, textAt } from '../record-fields.ts'
import { type FeedFormat, maxDocumentBytes } from './feed-format.ts'

/** `VERSION_ID` of os-release by the name that the tracker uses (debian.org/releases). sid and releases to come have none. */
const releases: Readonly<Record<string, string>> = {
  stretch: '9',
  buster: '10',
  bullseye: '11',
  bookworm: '12',
  trixie: '13',
  forky: '14',
  duke: '15',
}

const statuses = ['open', 'resolved', 'undetermined']

export const debian: FeedFormat = {
  name: 'debian',
  brief: "JSON of Debian's security tracker",
  read: ({ name, bytes }) => ({ advisories: advisories(parseBoundedJson(bytes, maxDocumentBytes, `"${name}"`), `"${name}"`) }),
}

function* advisories(value: unknown, where: string): Generator<Advisory> {
  for (const [source, issues] of membersAt(value, where))
    for (const [id, issue] of membersAt(issues, `${where}: package "${source}"`)) {
      const at = `${where}: package "${source}": ${id}`
      const record = objectAt(issue, at)
      const rated = membersAt(record['releases'], `${at}: releases`).flatMap(([release, state]) => {
        const version = Object.hasOwn(releases, release) ? releases[release] : undefined
        return version === undefined ? [] : readState(state, source, version, `${at}: releases.${release}`)
      })
      // Each release has its own urgency, and one advisory has one severity.
      const summary = summaryOf(optionalTextAt(record['description'], `${at}: description`))
      for (const [severity, states] of Map.groupBy(rated, ({ urgency }) => severityOfWord(urgency)))
        yield {
          id,
          cves: cvesAmong([id]),
          severity,
          ...(summary !== undefined && { summary }),
          affected: states.map(({ affected }) => affected),
        }
    }
}

function readState(
  value: unknown,
  source: string,
  release: string,
  where: string,
): { readonly urgency: string; readonly affected: AffectedPackage }[] {
  const state = objectAt(value, where)
  const status = textAt(state['status'], `${where}.status`)
  if (!statuses.includes(status)) throw new UserError(`${where}.status must be ${statuses.join(', ')}, got ${writeJson(status)}`)
  const urgency = optionalTextAt(state['urgency'], `${where}.urgency`) ?? ''
  const fixed = optionalTextAt(state['fixed_version'], `${where}.fixed_version`)
  if (fixed !== undefined && compareDebVersions(fixed, fixed) === undefined)
    throw new UserError(`${where}.fixed_version must be a version of Debian, got ${writeJson(fixed)}`)
  // 0 says that the release never had it. Nobody knows yet whether what is undetermined applies.
  if (status === 'undetermined' || fixed === '0' || urgency === 'end-of-life') return []
  if (status === 'resolved' && fixed === undefined) throw new UserError(`${where}.fixed_version must be given, as status is resolved`)
  const range = fixed === undefined ? [['introduced', '0'] as const] : [['introduced', '0'] as const, ['fixed', fixed] as const]
  return [{ urgency, affected: { ecosystem: `debian:${release}`, name: source, ranges: [range], versions: [] } }]
}
