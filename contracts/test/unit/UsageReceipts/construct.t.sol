// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IParamGovernor} from "../../../src/interfaces/IParamGovernor.sol";
import {IProviderRegistry} from "../../../src/interfaces/IProviderRegistry.sol";
import {IQuorumVerifier} from "../../../src/interfaces/IQuorumVerifier.sol";
import {IOracleFaults, IReceiptFaults} from "../../../src/interfaces/IReceiptFaults.sol";
import {IStakeManager} from "../../../src/interfaces/IStakeManager.sol";
import {IUsageReceipts} from "../../../src/interfaces/IUsageReceipts.sol";
import {OracleFaults} from "../../../src/receipts/OracleFaults.sol";
import {ReceiptFaults} from "../../../src/receipts/ReceiptFaults.sol";
import {UsageReceipts} from "../../../src/receipts/UsageReceipts.sol";
import {ReceiptsFixture} from "../../support/ReceiptsFixture.sol";

contract UsageReceiptsConstructTest is ReceiptsFixture {
    function _deployed(uint256 missing) private returns (UsageReceipts) {
        return new UsageReceipts(
            IParamGovernor(missing == 0 ? address(0) : address(governor)),
            IProviderRegistry(missing == 1 ? address(0) : address(registry)),
            IQuorumVerifier(missing == 2 ? address(0) : address(quorum)),
            missing == 3 ? address(0) : address(faults)
        );
    }

    function test_the_modules_are_those_given() public {
        UsageReceipts made = _deployed(4);
        assertEq(address(made.governor()), address(governor), "governor");
        assertEq(address(made.registry()), address(registry), "registry");
        assertEq(address(made.quorum()), address(quorum), "quorum");
        assertEq(made.prover(), address(faults), "prover");
        assertEq(address(faults.receipts()), address(receipts), "receipts of the prover");
    }

    function test_no_module_may_be_missing() public {
        for (uint256 i = 0; i < 4; i++) {
            vm.expectRevert(IUsageReceipts.ZeroAddress.selector);
            _deployed(i);
        }
    }

    function test_no_module_of_a_prover_may_be_missing() public {
        vm.expectRevert(IReceiptFaults.ZeroAddress.selector);
        new ReceiptFaults(IUsageReceipts(address(0)), IStakeManager(address(stakes)));
        vm.expectRevert(IReceiptFaults.ZeroAddress.selector);
        new ReceiptFaults(receipts, IStakeManager(address(0)));
        for (uint256 i = 0; i < 4; i++) {
            vm.expectRevert(IOracleFaults.ZeroAddress.selector);
            new OracleFaults(
                IUsageReceipts(i == 0 ? address(0) : address(receipts)),
                IQuorumVerifier(i == 1 ? address(0) : address(quorum)),
                IStakeManager(i == 2 ? address(0) : address(stakes)),
                IReceiptFaults(i == 3 ? address(0) : address(faults))
            );
        }
    }
}
