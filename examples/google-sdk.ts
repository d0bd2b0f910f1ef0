/**
 * The official Google Gen AI SDK, pointed at Tallystick: only base URL and key differ from any other use of it.
 *
 *   GOOGLE_GEMINI_BASE_URL=http://127.0.0.1:8402 GEMINI_API_KEY=tk_… npx node examples/google-sdk.ts
 */
import { GoogleGenAI } from '@google/genai';

const ai = new GoogleGenAI({});

const answer = await ai.models.generateContent({ model: 'sandbox-small', contents: 'Hello', config: { maxOutputTokens: 40 } });
console.log(answer.text);
console.log('tokens', answer.usageMetadata?.totalTokenCount, 'receipt', answer.sdkHttpResponse?.headers?.['x-tally-receipt']);

const stream = await ai.models.generateContentStream({
  model: 'sandbox-small',
  contents: 'Hello again',
  config: { maxOutputTokens: 20 },
});
for await (const chunk of stream) process.stdout.write(chunk.text ?? '');
process.stdout.write('\n');
