// A report in the form of an Image's status. Pure.
import type { ImageFinding, ImageFindings, ImageSbom } from '../../api/types/supply-v1.ts'
import { formatTime } from '../../base/clock.ts'
import { severities } from '../../supply-chain/advisories/finding.ts'
import type { FindingsSummary, ImageReport, KnownFinding } from './image-report.ts'
import { dueOf } from './summarize-findings.ts'

const maxCves = 20

export const sbomStatus = ({ sbom: { source, digest, packages, skipped, time } }: ImageReport): ImageSbom => ({
  ...{ source, digest, packages },
  ...(skipped === 0 ? {} : { skipped }),
  time: formatTime(time),
})

/** `now`: when it was matched. */
export function findingsStatus(
  { counts, fixable, exploited, notAffected, unmatched, due, dueExposed, list }: FindingsSummary,
  now: number,
): ImageFindings {
  const worst = severities.toReversed().find(severity => counts[severity] > 0)
  return {
    ...(worst === undefined ? {} : { worst }),
    ...counts,
    fixable,
    ...(exploited === 0 ? {} : { exploited }),
    ...(notAffected === 0 ? {} : { notAffected }),
    ...(unmatched === 0 ? {} : { unmatched }),
    ...(due === undefined ? {} : { due: formatTime(due) }),
    ...(dueExposed === undefined ? {} : { dueExposed: formatTime(dueExposed) }),
    ...(list.length === 0 ? {} : { list: list.map(findingStatus) }),
    time: formatTime(now),
  }
}

function findingStatus(finding: KnownFinding): ImageFinding {
  const { advisory, cves, package: name, version, severity, fixedVersion, exploited, notAffected, firstSeen } = finding
  const isOpen = notAffected === undefined
  const [due, dueExposed] = [dueOf(finding, 'internal'), dueOf(finding, 'exposed')]
  return {
    advisory,
    ...(cves.length === 0 ? {} : { cves: cves.slice(0, maxCves) }),
    package: name,
    ...{ version, severity },
    ...(fixedVersion === undefined ? {} : { fixedVersion }),
    ...(exploited === true ? { exploited } : {}),
    ...(notAffected === undefined ? {} : { notAffected }),
    firstSeen: formatTime(firstSeen),
    ...(isOpen && Number.isFinite(due) ? { due: formatTime(due) } : {}),
    ...(isOpen && Number.isFinite(dueExposed) ? { dueExposed: formatTime(dueExposed) } : {}),
  }
}
