import type { ObjectNode } from '../../body/schema.ts';
import { ANY, allForbidden, array, BOOLEAN, FUNCTIONS_ONLY, STRING } from '../nodes.ts';
import { spelled } from './spelling.ts';

const declaration = spelled(
  {
    name: STRING,
    description: STRING,
    parameters: ANY,
    parametersJsonSchema: ANY,
    response: ANY,
    responseJsonSchema: ANY,
    behavior: STRING,
  },
  { required: ['name'], tally: 'tools' },
);

export const TOOL: ObjectNode = spelled({
  functionDeclarations: array(declaration),
  ...allForbidden(
    FUNCTIONS_ONLY,
    'codeExecution',
    'enterpriseWebSearch',
    'exaAiSearch',
    'fileSearch',
    'googleMaps',
    'googleSearch',
    'googleSearchRetrieval',
    'mcpServers',
    'parallelAiSearch',
    'retrieval',
    'urlContext',
  ),
  // The caller would run it, but the provider declares its functions, and in which words is not documented.
  ...allForbidden('it adds function declarations that are not in the request', 'computerUse'),
});

export const TOOL_CONFIG: ObjectNode = spelled({
  functionCallingConfig: spelled({ mode: STRING, allowedFunctionNames: array(STRING), streamFunctionCallArguments: BOOLEAN }),
  ...allForbidden(FUNCTIONS_ONLY, 'retrievalConfig', 'includeServerSideToolInvocations'),
});
