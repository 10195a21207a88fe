// The ways of encryption, the best first: the node uses the first that works on its machine. `none` is for classes without encryption.
import type { BackEnd } from '../back-end.ts'
import { fscrypt } from './fscrypt.ts'
import { gocryptfs } from './gocryptfs.ts'
import { luks } from './luks.ts'
import { none } from './none.ts'

export const encryptingBackEnds: readonly BackEnd[] = [luks, fscrypt, gocryptfs]
export const backEnds: readonly BackEnd[] = [...encryptingBackEnds, none]
