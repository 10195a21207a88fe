import { trySeededUpdates } from '../attacks/supply-chain/seeded-updates.ts'
import { outcomeOf, type Proof } from '../proof.ts'

export const updates: Proof = {
  id: 'S7',
  title: 'updates are proposed',
  why: 'Who is not told which newer image has fewer vulnerabilities keeps the old one, and who is told a wrong one gets new ones',
  attack: 'Offer seeded images older tags, other variants, tags that moved, and newer ones with fewer, as many and more findings',
  expected: 'Each seeded outdated image gets exactly the newer one with the lowest risk, and no image gets an older or a worse one',
  whenRed: 'Compare the build with the published one: these rules are code, and no setting changes them',
  async prove({ attempts }) {
    trySeededUpdates(attempts)
    return outcomeOf([], `${attempts.all.length} attempts: seeded outdated images get the newer one with the lowest risk`)
  },
}
