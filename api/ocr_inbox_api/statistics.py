"""The JSON statistics of OCR requests since the daemon started."""

from collections import Counter, defaultdict
from dataclasses import dataclass, field

from fastapi import APIRouter

from ocr_inbox_api.answers import Measured, Result
from ocr_inbox_api.problems import documented
from ocr_inbox_api.shapes import AverageTimes, CompressionStatistics, ErrorStatistics, StatisticsView


@dataclass
class Sums:
    """Running sums over answered requests: seconds and kilobytes."""

    count: int = 0
    total_time: float = 0.0
    inference_time: float = 0.0
    size_kb: float = 0.0

    def add(self, result: Result, measured: Measured) -> None:
        """Count one more."""
        self.count += 1
        self.total_time += measured.total_time
        self.inference_time += result.inference_time
        self.size_kb += result.size_kb

    def average(self, total: float) -> float:
        """The share of each request in one of the sums; 0 where there was none."""
        return round(total / self.count, 4) if self.count else 0.0


@dataclass
class Statistics:
    """Counts in the event loop's thread, so it needs no lock; `asked` and `failed` are by wire name and error code.

    `turned_away` are batches of which no file was taken in.
    """

    asked: Counter[str] = field(default_factory=Counter)
    failed: Counter[str] = field(default_factory=Counter)
    turned_away: int = 0
    _families: defaultdict[str, Sums] = field(default_factory=lambda: defaultdict(Sums))
    _compressed: Sums = field(default_factory=Sums)
    _uncompressed: Sums = field(default_factory=Sums)

    def answered(self, result: Result, measured: Measured) -> None:
        """Count a success."""
        self._families[result.family].add(result, measured)
        (self._compressed if measured.compressed else self._uncompressed).add(result, measured)

    async def show(self) -> StatisticsView:
        """Requests, times, sizes and errors since the daemon started."""
        small, plain = self._compressed, self._uncompressed
        return StatisticsView(
            total_requests=self.asked.total() + self.turned_away,
            requests_by_pipeline=dict(self.asked),
            average_times={
                family: AverageTimes(
                    total_time=sums.average(sums.total_time), inference_time=sums.average(sums.inference_time)
                )
                for family, sums in self._families.items()
            },
            compression_stats=CompressionStatistics(
                total_compressed=small.count,
                total_uncompressed=plain.count,
                avg_size_compressed_kb=small.average(small.size_kb),
                avg_size_uncompressed_kb=plain.average(plain.size_kb),
                avg_time_compressed=small.average(small.total_time),
                avg_time_uncompressed=plain.average(plain.total_time),
            ),
            errors=ErrorStatistics(total=self.failed.total(), by_type=dict(self.failed)),
        )


def add_routes(router: APIRouter, statistics: Statistics) -> None:
    """Answer under /api/v1/metrics."""
    router.add_api_route("/api/v1/metrics", statistics.show, tags=["metrics"], responses=documented())
