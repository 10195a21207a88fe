// Where a package comes from: a provenance statement of SLSA v1 (https://slsa.dev/spec/v1.0/provenance).
import { arch, platform } from 'node:process'
import { formatTime } from '../../base/clock.ts'
import type { StatementSubject, UnsignedStatement } from '../signatures/signed-statement.ts'

export const provenancePredicate = 'https://slsa.dev/provenance/v1'
/** Says what the fields of `externalParameters` mean: docs/package-integrity.md. */
export const buildType = 'https://bulkhead.dev/npm-package/v1'

export interface BuildFacts {
  /** The commit of the sources; undefined outside of a git clone. */
  readonly commit: string | undefined
  /** Whether files of the clone differ from the commit. */
  readonly modified: boolean
  /** SHA-256 of package-lock.json, in hexadecimal. */
  readonly lockfile: string
  /** Who ran the build, as a URI. */
  readonly builder: string
  readonly node: string
  /** Milliseconds since the epoch. */
  readonly startedAt: number
  readonly finishedAt: number
}

export function provenanceStatement(subject: readonly StatementSubject[], facts: BuildFacts): UnsignedStatement {
  const { commit, modified, lockfile, builder, node, startedAt, finishedAt } = facts
  return {
    predicateType: provenancePredicate,
    subject,
    predicate: {
      buildDefinition: {
        buildType,
        externalParameters: { command: 'npm run package' },
        internalParameters: { modified, node, platform: `${platform}/${arch}` },
        resolvedDependencies: [
          ...(commit === undefined ? [] : [{ name: 'sources', digest: { gitCommit: commit } }]),
          { name: 'package-lock.json', digest: { sha256: lockfile } },
        ],
      },
      runDetails: {
        builder: { id: builder },
        metadata: { startedOn: formatTime(startedAt), finishedOn: formatTime(finishedAt) },
      },
    },
  }
}
