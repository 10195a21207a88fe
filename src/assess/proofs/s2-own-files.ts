import { tryOwnFiles } from '../attacks/supply-chain/own-files.ts'
import { outcomeOf, type Proof } from '../proof.ts'

export const ownFiles: Proof = {
  id: 'S2',
  title: 'own files verified at start',
  why: 'Whoever changes one file of the cluster itself decides what every other control does',
  attack:
    'In a package of its own, flip a byte of each file that is run, remove, add, link and lengthen one, let others write its cache, change and sign the manifest anew, and flip a byte before a part starts again',
  expected: 'Each start is refused, and the message names the file; the unchanged package starts',
  whenRed: 'Verify the installed package with another installation (`bulkhead verify package DIR`), and install it again',
  async prove(context) {
    await tryOwnFiles(context)
    return outcomeOf([], `${context.attempts.all.length} changes of a package: each is refused by the name of its file`)
  },
}
