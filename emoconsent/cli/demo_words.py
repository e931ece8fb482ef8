"""The demo's sentences, English and Chinese. What is in braces is filled with what happened."""

from __future__ import annotations

from typing import Final

Words = dict[str, tuple[str, str]]

STAGES: Final[Words] = {
    "notice": ("The notice is shown", "出示告知书"),
    "denied": ("Without consent, nothing runs", "未经同意，什么都不会运行"),
    "consent": ("Consent, and a signed receipt", "同意，以及签名的凭证"),
    "recognition": ("Recognition, under consent", "在同意之下识别"),
    "access": (
        "The agent sees a level and advice; the analyst sees nothing",
        "客服只看到级别和建议；分析师什么也看不到",
    ),
    "correction": ("The customer corrects the program", "客户更正程序的猜测"),
    "withdrawal": ("The customer withdraws voice", "客户撤回语音同意"),
    "erasure": ("The customer is erased", "删除客户数据"),
    "log": ("The log is verified", "验证日志"),
    "tampering": ("Tampering is found", "篡改被发现"),
}

LEVELS: Final[Words] = {
    "calm": ("calm", "平静"),
    "irritable": ("irritable", "烦躁"),
    "angry": ("angry", "愤怒"),
    "abstain": ("abstains", "不作判断"),
    "none": ("no level", "无级别"),
}

CUSTOMERS: Final[Words] = {
    "zh": ("Ms Wang (writes Chinese)", "王女士（中文客户）"),
    "en": ("Mr Smith (writes English)", "史密斯先生（英文客户）"),
}

MODALITIES: Final[Words] = {
    "text": ("text", "文字"),
    "voice": ("voice", "语音"),
    "face": ("face", "面部"),
}

WORDS: Final[Words] = {
    "shown": (
        "{customer} is shown {notice} in {language}: “{title}” (text fixed by SHA-256 {digest}...).",
        "向{customer}以 {language} 出示 {notice}：“{title}”（文本由 SHA-256 {digest}... 固定）。",
    ),
    "missing": (
        "The extra is missing, this part is left out: {what}.",
        "缺少可选组件，跳过这一部分：{what}。",
    ),
    "left_out": (
        "Of this demo's {whole} calls, {calls} are left out.",
        "本演示共 {whole} 次调用，其中 {calls} 次被跳过。",
    ),
    "all_denied": (
        "{attempts} calls tried, {denied} denied ({reasons}); the recognizers ran {calls} times.",
        "尝试调用 {attempts} 次，拒绝 {denied} 次（{reasons}）；识别程序运行了 {calls} 次。",
    ),
    "granted": (
        "{customer} agrees to {scope}. Receipt {receipt}... ({mark}), saved as {file}.",
        "{customer}同意：{scope}。凭证 {receipt}...（{mark}），已保存为 {file}。",
    ),
    "test": ("marked TEST: this is a sandbox", "标明 TEST：这是沙箱"),
    "verified": (
        "Checked offline with the published key {key}...: genuine. With one word changed: refused.",
        "用公布的公钥 {key}... 离线验证：真实。改动一个词后：被拒绝。",
    ),
    "recognized": (
        "{modality:<5} {customer}: {input} -> {result}  [{recognizer} {version}]",
        "{modality} {customer}：{input} -> {result}  [{recognizer} {version}]",
    ),
    "mistaken": (
        "That one is wrong: the hold message is polite. No decision about anybody may rest on such a guess.",
        "这一条猜错了：等待提示音其实很客气。任何关于人的决定都不能以这种猜测为依据。",
    ),
    "guess": (
        "All are guesses; each recognizer's card says what it cannot do. {stored} are sealed in the vault.",
        "这些都是猜测；每个识别程序的说明卡写明了它的局限。{stored} 条结果已加密存入保险库。",
    ),
    "no_case": (
        "An agent without an open case: refused ({reason}).",
        "没有打开工单的客服：被拒绝（{reason}）。",
    ),
    "hint": (
        "With a case on {customer}, the agent sees: {level} (quality: {quality}). Advice: {advice}",
        "打开{customer}的工单后，客服看到：{level}（质量：{quality}）。建议：{advice}",
    ),
    "analyst": (
        "An analyst asks for the records: refused ({reason}: {explanation}).",
        "分析师索取记录：被拒绝（{reason}：{explanation}）。",
    ),
    "own": (
        "{customer} sees all {count} guesses about herself, and says: I was {new}, not {old}.",
        "{customer}看到关于自己的全部 {count} 条猜测，并说明：我当时是{new}，不是{old}。",
    ),
    "corrected": (
        "Both values are kept ({values}); the agent now sees: {level}.",
        "两个值都保留（{values}）；客服现在看到：{level}。",
    ),
    "withdrawn": (
        "{customer} withdraws voice. In force after {milliseconds:.0f} ms; calls still inside: {pending}.",
        "{customer}撤回语音同意。{milliseconds:.0f} 毫秒后生效；仍在进行的调用：{pending}。",
    ),
    "text_runs": ("Text still runs: {result}.", "文字识别照常运行：{result}。"),
    "voice_denied": (
        "Voice is denied ({reason}); the voice recognizer ran {calls} more times.",
        "语音被拒绝（{reason}）；语音识别程序又运行了 {calls} 次。",
    ),
    "voice_closed": (
        "No voice recognizer is installed here; the gate would deny one ({reason}).",
        "此处没有安装语音识别程序；若有，闸门会拒绝它（{reason}）。",
    ),
    "thief": (
        "A thief copies the data store: {count} sealed values about {customer}; our keys open {opened}.",
        "有人偷走数据库副本：关于{customer}的加密值 {count} 个，用我们的密钥可打开 {opened} 个。",
    ),
    "erased": (
        "{customer} asks for erasure: {keys} keys destroyed, {rows} rows deleted; certificate verified.",
        "{customer}要求删除：销毁密钥 {keys} 个，删除 {rows} 行；证书已签名并验证。",
    ),
    "tried": (
        "The thief's {count} values, tried with each of the {owners} key pairs that remain: {opened} open.",
        "用剩余的 {owners} 对密钥逐一尝试被偷的 {count} 个值：打开 {opened} 个。",
    ),
    "gone": ("Reading: {refusal}. A new call: {reason}.", "读取：{refusal}。新的调用：{reason}。"),
    "residual": (
        "Not claimed: {layers} stay “residual” until the root key of epoch {epochs} is destroyed.",
        "证书没有声称的：{layers} 在第 {epochs} 期根密钥销毁之前仍为“residual”（残留）。",
    ),
    "sound": (
        "{entries} entries, {findings} findings; signed head over {size} entries: {root}...",
        "日志 {entries} 条，发现问题 {findings} 个；已签名的树头覆盖 {size} 条：{root}...",
    ),
    "proven": (
        "The entry “{event}” is proven to be in it ({hashes} hashes), without showing any other.",
        "已证明条目“{event}”在日志中（{hashes} 个哈希），无需出示其他条目。",
    ),
    "forged": (
        "In a copy, SQL turns the withdrawal into a grant. Found: {finding}. The gate there: {reason}.",
        "在副本中用 SQL 把撤回改成同意。发现：{finding}。那里的闸门：{reason}。",
    ),
    "rewritten": (
        "In another copy, the log entry of the withdrawal is rewritten. Found: {finding}.",
        "在另一副本中改写撤回的日志条目。发现：{finding}。",
    ),
    "original": ("The original: {findings} findings.", "原库：发现问题 {findings} 个。"),
    "unexpected": ("UNEXPECTED, the story ends here: {what}", "意外，故事到此为止：{what}"),
    "end": (
        "All {stages} parts went as they should, in {seconds:.1f} s.",
        "全部 {stages} 个部分均如预期，用时 {seconds:.1f} 秒。",
    ),
    "end_part": (
        "All {stages} parts went as they should, with {calls} calls left out, in {seconds:.1f} s.",
        "全部 {stages} 个部分均如预期，但跳过了 {calls} 次调用；用时 {seconds:.1f} 秒。",
    ),
    "next": ("Look around: {command}", "继续查看：{command}"),
    # What must be so, said when it is not.
    "must_deny": ("a call was not denied, without consent", "未经同意却运行了识别程序"),
    "must_verify": ("a receipt did not verify, or an altered one did", "凭证验证结果不对"),
    "must_mark": ("the receipt of a sandbox does not say TEST", "沙箱凭证没有标明 TEST"),
    "must_store": ("a result is not in the vault", "结果没有存入保险库"),
    "must_refuse": ("somebody without the right was let in", "无权者被放行"),
    "must_hint": ("the agent got no level or no advice", "客服没有得到级别或建议"),
    "must_correct": ("the correction is not what readers get", "更正没有生效"),
    "must_drain": ("calls are still inside after the withdrawal", "撤回后仍有调用"),
    "must_close": ("voice was not denied after its withdrawal", "撤回后语音没有被拒绝"),
    "must_open": ("what was sealed did not open before the erasure", "删除之前加密值无法打开"),
    "must_erase": ("something opened after the erasure", "删除之后仍可打开"),
    "must_be_sound": ("the log's verification found something", "日志验证发现问题"),
    "must_find": ("the tampering was not found", "篡改没有被发现"),
    "must_answer": ("the portal did not answer", "门户没有响应"),
    "portal_checked": ("The portal starts and answers.", "门户可以启动并响应。"),
    "portal": ("The portal runs at {url}. Sign in as:", "门户正在 {url} 运行。登录身份："),
    "link_zh": ("the Chinese customer: {url}", "中文顾客：{url}"),
    "link_en": ("the English customer: {url}", "英文顾客：{url}"),
    "link_agent": ("a customer service agent: {url}", "客服人员：{url}"),
    "link_dpo": ("the data protection officer: {url}", "个人信息保护负责人：{url}"),
    "link_auditor": ("the auditor: {url}", "审计人员：{url}"),
    "link_admin": ("the administrator: {url}", "管理员：{url}"),
    "portal_end": ("Ctrl-C ends it.", "按 Ctrl-C 结束。"),
}
