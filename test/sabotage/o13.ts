// Sabotage of sealed records: what is sealed, to whom, and for how long their keys exist.
import type { Sabotage } from './sabotage.ts'

export const o13: readonly Sabotage[] = [
  {
    name: 'records are not sealed',
    file: 'src/access/audit/audit-log.ts',
    from: 'this.#sealer?.seal(event, line) ?? [line]',
    to: '[line]',
    proof: 'O13',
  },
  {
    name: 'a sealed record has its text beside it',
    file: 'src/access/audit/sealed-records.ts',
    from: 'number: dataKey.count,',
    to: 'number: dataKey.count, line,',
    proof: 'O13',
  },
  {
    name: 'data keys outlive their epoch',
    file: 'src/access/audit/audit-log.ts',
    from: '    this.#sealer?.forget()\n',
    to: '',
    proof: 'O13',
  },
  {
    name: 'epochs never end',
    file: 'src/signer/audit-checkpoints.ts',
    from: '>= epochMs) await this.#nextEpoch',
    to: '>= epochMs * 1e6) await this.#nextEpoch',
    proof: 'O13',
  },
  {
    name: 'data keys are wrapped to the readers of all namespaces',
    file: 'src/access/audit/sealed-records.ts',
    from: 'const wrapped = rule.recipients.map(',
    to: 'const wrapped = this.#rules.flatMap(({ recipients }) => recipients).map(',
    proof: 'O13',
  },
  {
    name: 'all namespaces share a data key',
    file: 'src/access/audit/sealed-records.ts',
    from: 'let dataKey = this.#keys.get(place)',
    to: 'let dataKey = [...this.#keys.values()][0] ?? this.#keys.get(place)',
    proof: 'O13',
  },
  {
    name: 'readers cannot open sealed records',
    file: 'src/cli/audit/search.ts',
    from: 'return opener.open(stored) ?? stored',
    to: 'return opener === undefined ? stored : stored',
    proof: 'O13',
  },
]
