// The thread that parses one large OpenAPI document.
import { type OpenApiText, openApiText } from '../../../api/openapi/openapi-text.ts'
import { answerWork } from '../../../base/async/thread-work.ts'
import type { OpenApiWork } from './openapi-reader.ts'

answerWork<OpenApiWork, OpenApiText | undefined>(
  ({ body, request }) => openApiText(body, request),
  text => (text === undefined ? [] : [text.paths.text, text.definitions.text, text.v3]),
)
