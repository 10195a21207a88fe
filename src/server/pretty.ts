// Who gets answers with line breaks: whoever asks for them, and the programs that show them to a person, as upstream has it.
import { emptyQuery, type Query } from './query.ts'

const people = ['curl', 'Wget', 'Mozilla/5.0']

export function wantsPretty(query: Query, agent: string | undefined): boolean {
  if (query !== emptyQuery && query.get('pretty')) return query.flag('pretty')
  return agent !== undefined && people.some(name => agent.startsWith(name))
}
