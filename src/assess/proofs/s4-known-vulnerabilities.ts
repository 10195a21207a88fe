import { trySeededVulnerabilities } from '../attacks/supply-chain/seeded-vulnerabilities.ts'
import { tryVexVersions } from '../attacks/supply-chain/vex-versions.ts'
import { outcomeOf, type Proof } from '../proof.ts'

export const knownVulnerabilities: Proof = {
  id: 'S4',
  title: 'known vulnerabilities are found',
  why: 'A scanner that misses a version, or believes an old or changed feed, passes what is known to be exploitable',
  attack:
    'Match seeded packages of six ecosystems, at the versions around each limit, with seeded feeds; import feeds that are older, changed, from the future, unsigned, signed by another key, or broken in one record; bring old versions of VEX documents back under other names, after a deletion and after a restart',
  expected:
    'Exactly the seeded vulnerabilities are found, each bad feed is refused whole, and only the newest version of a document counts, while somebody attests it',
  whenRed: 'Compare the build with the published one: these rules are code, and no setting changes them',
  async prove({ attempts, clock }, signal) {
    await trySeededVulnerabilities(attempts)
    await tryVexVersions(attempts, clock, signal)
    return outcomeOf([], `${attempts.all.length} attempts: seeded vulnerabilities are found at their limits, and bad feeds are refused`)
  },
}
