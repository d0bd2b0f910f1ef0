/** What a template makes of a request: text, and special tokens, each of which is one token whatever it is called. */
export type Part = string | { readonly special: string };

export type Message = { readonly role: 'system' | 'user' | 'assistant'; readonly content: string };
/** A function tool as callers send it. */
export type Tool = {
  readonly type: 'function';
  readonly function: { readonly name: string; readonly description?: string; readonly parameters?: unknown };
};

export type Template = {
  readonly name: string;
  /** Of `publicTokenizers`. */
  readonly tokenizer: string;
  render(messages: readonly Message[], tools: readonly Tool[]): readonly Part[];
};

const special = (name: string): Part => ({ special: name });

/** https://ai.google.dev/gemma/docs/core/prompt-structure: no role for the system, whose text goes before the first turn's. */
const gemma: Template = {
  name: 'Gemma',
  tokenizer: 'Gemma (SentencePiece)',
  render: (messages) => {
    const system = messages.filter(({ role }) => role === 'system').map(({ content }) => `${content.trim()}\n\n`);
    const turns = messages.filter(({ role }) => role !== 'system');
    const render = ({ role, content }: Message, i: number): Part[] => [
      special('start_of_turn'),
      `${role === 'assistant' ? 'model' : role}\n${i === 0 ? system.join('') : ''}${content.trim()}`,
      special('end_of_turn'),
      '\n',
    ];
    const only: Message[] = turns.length > 0 ? turns : [{ role: 'user', content: '' }];
    return [special('bos'), ...only.flatMap(render), special('start_of_turn'), 'model\n'];
  },
};

const INTRO =
  'Given the following functions, please respond with a JSON for a function call with its proper arguments that best answers the given prompt.\n\n' +
  'Respond in the format {"name": function name, "parameters": dictionary of argument name and its value}.Do not use variables.\n\n';

/** https://www.llama.com/docs/model-cards-and-prompt-formats/llama3_1: a system turn of its own always, tools before the first user's text. */
const llama: Template = {
  name: 'Llama 3.1',
  tokenizer: 'Llama 3',
  render: (messages, tools) => {
    const head = (role: string): Part[] => [special('start_header_id'), role, special('end_header_id'), '\n\n'];
    const system = messages.filter(({ role }) => role === 'system').map(({ content }) => content.trim());
    const dates = `${tools.length > 0 ? 'Environment: ipython\n' : ''}Cutting Knowledge Date: December 2023\nToday Date: 26 Jul 2024\n\n`;
    const parts: Part[] = [special('begin_of_text'), ...head('system'), dates + system.join('\n'), special('eot_id')];
    const listed = tools.map((tool) => `${JSON.stringify(tool, null, 4)}\n\n`).join('');
    const turns = messages.filter(({ role }) => role !== 'system');
    for (const [i, { role, content }] of turns.entries()) {
      parts.push(...head(role), (i === 0 && tools.length > 0 ? INTRO + listed : '') + content.trim(), special('eot_id'));
    }
    return [...parts, ...head('assistant')];
  },
};

/** https://cookbook.openai.com/articles/openai-harmony: a long system message of its own, instructions and tools in a second one. */
const harmony: Template = {
  name: 'Harmony (gpt-oss)',
  tokenizer: 'o200k_base',
  render: (messages, tools) => {
    const turn = (role: string, content: string, channel = ''): Part[] => [
      ...(channel === '' ? [special('start'), role] : [special('start'), role, special('channel'), channel]),
      special('message'),
      content,
      special('end'),
    ];
    const known = 'You are ChatGPT, a large language model trained by OpenAI.\nKnowledge cutoff: 2024-06\nCurrent date: 2025-06-28\n\n';
    const channels = 'Reasoning: medium\n\n# Valid channels: analysis, commentary, final. Channel must be included for every message.';
    const calls = tools.length > 0 ? "\nCalls to these tools must go to the commentary channel: 'functions'." : '';
    const parts = turn('system', known + channels + calls);
    const instructions = messages.filter(({ role }) => role === 'system').map(({ content }) => `# Instructions\n\n${content}\n\n`);
    const types = tools.map(({ function: { name, description, parameters } }) => {
      const type = parameters === undefined ? '() => any' : `(_: ${JSON.stringify(parameters, null, 1)}) => any`;
      return `// ${description ?? ''}\ntype ${name} = ${type};\n\n`;
    });
    const listed =
      tools.length === 0 ? '' : `# Tools\n\n## functions\n\nnamespace functions {\n\n${types.join('')}} // namespace functions`;
    if (instructions.length > 0 || tools.length > 0) parts.push(...turn('developer', instructions.join('') + listed));
    for (const { role, content } of messages) {
      if (role !== 'system') parts.push(...turn(role, content, role === 'assistant' ? 'final' : ''));
    }
    return [...parts, special('start'), 'assistant'];
  },
};

/** ChatML, as OpenAI published it and many open models have it, with the default system text that some of them add. */
const chatml: Template = {
  name: 'ChatML',
  tokenizer: 'cl100k_base',
  render: (messages, tools) => {
    const first = messages[0]?.role === 'system' ? [] : [{ role: 'system', content: 'You are a helpful assistant.' }];
    const listed = tools.map((tool) => `\n${JSON.stringify(tool)}`).join('');
    const about =
      tools.length === 0
        ? ''
        : `\n\n# Tools\n\nYou may call one or more functions to assist with the user query.\n<tools>${listed}\n</tools>`;
    const render = ({ role, content }: { role: string; content: string }, i: number): Part[] => [
      special('im_start'),
      `${role}\n${content}${i === 0 ? about : ''}`,
      special('im_end'),
      '\n',
    ];
    return [...[...first, ...messages].flatMap(render), special('im_start'), 'assistant\n'];
  },
};

export const TEMPLATES: readonly Template[] = [gemma, llama, harmony, chatml];

/** @returns the tokens of a rendered request: one for each special, and those of the text between them. */
export function countParts(parts: readonly Part[], count: (text: string) => number): number {
  let total = 0;
  let text = '';
  for (const part of [...parts, special('end')]) {
    if (typeof part === 'string') {
      text += part;
      continue;
    }
    total += 1 + count(text);
    text = '';
  }
  return total - 1;
}
