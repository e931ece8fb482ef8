"""What a copy says to people, in Chinese and English, beside each other: a file has no language switch."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from emoconsent.rights.export.sets import ExportSet


@dataclass(frozen=True, slots=True)
class Both:
    """One text in both languages."""

    zh: str
    en: str


SETS: Final = {
    ExportSet.RECORDS: Both(
        "推断记录（含您的更正与异议）", "What was inferred, with corrections and disputes"
    ),
    ExportSet.CONSENTS: Both("您的同意与撤回", "What you agreed to, refused and stopped"),
    ExportSet.RECEIPTS: Both("同意凭证", "Receipts of what you agreed to"),
    ExportSet.LOOKS: Both("谁查看过您的数据", "Who looked at your data"),
    ExportSet.NOTICES: Both("向您展示过的告知书", "The notices that you were shown"),
    ExportSet.CARDS: Both("识别程序的说明", "The programs used and what they can and cannot do"),
    ExportSet.REQUESTS: Both("您提出的请求", "Your requests"),
}

COLUMNS: Final = {
    "record": Both("记录", "record"),
    "inferred_at": Both("推断时间", "inferred at"),
    "kept_until": Both("保存至", "kept until"),
    "modality": Both("来源", "from"),
    "purpose": Both("目的", "purpose"),
    "recognizer": Both("识别程序", "program"),
    "version": Both("版本", "version"),
    "revision": Both("修订", "revision"),
    "stated_by": Both("由谁给出", "stated by"),
    "contested": Both("有异议", "contested"),
    "level": Both("级别", "level"),
    "categories": Both("情绪类别", "emotions"),
    "dimensions": Both("维度", "dimensions"),
    "score_kind": Both("数值含义", "what the numbers are"),
    "raw_label": Both("程序原词", "the program's own word"),
    "comment": Both("备注", "comment"),
    "number": Both("序号", "number"),
    "kind": Both("事项", "what"),
    "at": Both("时间", "when"),
    "scope": Both("范围", "scope"),
    "notice": Both("告知书", "notice"),
    "channel": Both("渠道", "channel"),
    "language": Both("语言", "language"),
    "given_by": Both("由监护人代为（代号）", "given by guardian (alias)"),
    "evidence": Both("证据", "evidence"),
    "age_band": Both("年龄段", "age band"),
    "guardian": Both("监护人（代号）", "guardian (alias)"),
    "what": Both("事项", "what"),
    "role": Both("角色", "role"),
    "who": Both("何人（代号）", "who (alias)"),
    "reason": Both("理由", "reason"),
    "facts": Both("详情", "details"),
    "title": Both("标题", "title"),
    "summary": Both("摘要", "summary"),
    "body": Both("正文", "text"),
    "provider": Both("提供者", "provider"),
    "status": Both("状态", "status"),
    "card": Both("说明", "card"),
    "regime": Both("适用法律", "law"),
    "state": Both("状态", "state"),
    "submitted_at": Both("提出时间", "submitted at"),
    "finished_at": Both("结束时间", "finished at"),
    "id": Both("编号", "id"),
}

TITLE: Final = Both("您的数据副本", "A copy of your data")
MADE: Final = Both("截至", "As of")
SANDBOX: Final = Both("测试：这不是真实数据。", "TEST: none of this is real.")
WHAT: Final = Both(
    "情绪是程序的推测，可能有误。您可以更正、提出异议或要求删除。",
    "An emotion here is a program's guess and may be wrong. You may correct it, contest it or delete it.",
)
FILES: Final = Both("文件", "Files")
THINGS: Final = Both("条", "entries")
NONE: Final = Both("没有内容。", "Nothing.")
CHECK: Final = Both(
    "manifest.json 列出每个文件的大小和 SHA-256；manifest.jws 是对它的签名，可用发布的公钥离线验证。",
    "manifest.json lists each file's size and SHA-256; manifest.jws is the signature over it, to be verified "
    "offline with the published keys.",
)
OTHERS: Final = Both(
    "其他人以代号出现；需要时可向数据保护负责人询问。",
    "Other people appear under aliases; the data protection officer can find out who they are.",
)
BACK: Final = Both("返回目录", "Back to the list")
