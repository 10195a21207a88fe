// The thread that parses one large YAML body.
import { tryYaml } from '../../api/schema/yaml.ts'
import { answerWork } from '../../base/async/thread-work.ts'
import { writeJson } from '../../base/write-json.ts'
import type { YamlReading } from './yaml-body.ts'

answerWork<Uint8Array, YamlReading>(
  bytes => {
    const outcome = tryYaml(bytes)
    if (!outcome.ok) return { json: undefined, message: outcome.message }
    return { json: new TextEncoder().encode(writeJson(outcome.value)), duplicate: outcome.duplicate }
  },
  reading => [reading.json],
)
