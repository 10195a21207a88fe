// Shuffle sharding: each flow is dealt a small hand of a level's queues, so that two flows rarely share all of them (KEP-1040).
import { createHash } from 'node:crypto'

/** 64 bits of SHA-256 over schema and distinguisher: the same flow has the same hand on every server. */
export function flowHash(schema: string, distinguisher: string): bigint {
  return createHash('sha256').update(schema).update('\0').update(distinguisher).digest().readBigUInt64LE()
}

/** `handSize` different numbers below `queues`, from the hash as a mixed-radix number. Validation limits the number of hands to 60 bits. */
export function dealHand(hash: bigint, queues: number, handSize: number): readonly number[] {
  let rest = hash
  const hand: number[] = []
  // Each draw is an index among the queues not yet dealt; skipping smaller dealt ones turns it into a queue number.
  const dealt: number[] = []
  for (let card = 0; card < Math.min(handSize, queues); card++) {
    const left = BigInt(queues - card)
    let drawn = Number(rest % left)
    rest /= left
    for (const smaller of dealt) if (smaller <= drawn) drawn++
    dealt.push(drawn)
    dealt.sort((a, b) => a - b)
    hand.push(drawn)
  }
  return hand
}
