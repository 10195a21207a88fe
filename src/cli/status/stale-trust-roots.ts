// Trust roots that do not count, or whose TUF repository falls behind: what they trust expires, and signers that were revoked there still count.
import type { TrustRoot } from '../../api/types/supply-v1.ts'

/** One sentence for each. */
export function staleTrustRoots(trustRoots: readonly TrustRoot[]): string[] {
  return trustRoots.flatMap(({ metadata, status }) => {
    const fault = (type: string) => status?.conditions?.find(condition => condition.type === type && condition.status === 'False')
    const [unused, behind] = [fault('Accepted'), fault('Current')]
    if (unused !== undefined) return [`TrustRoot "${metadata.name}" is not used: ${unused.message}`]
    if (behind === undefined) return []
    const since = status?.updated === undefined ? 'it was never read' : `it was last read at ${status.updated}`
    return [`TrustRoot "${metadata.name}" does not follow its TUF repository, ${since}: ${behind.message}`]
  })
}
